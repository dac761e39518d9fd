// What devices of all environments of a process share: the backends by name and the tags of handle tables.
#pragma once
#include <cstdint>
#include <string>

#include "include/backend.h"

namespace selfjudge {

// `kind`: "cpu", "cuda" or "cuda:N". Throws Error::wrong_argument for an unknown kind or a backend of another
// ABI, naming the backend's own reason.
const sj_backend& open_backend(const std::string& kind);

// The tag of a new handle table; tags of live tables differ. Throws Error when 2,047 tables are alive.
uint32_t take_tag();
void give_tag_back(uint32_t tag);

}  // namespace selfjudge
