// oneDNN, served line by line: the same work as benchmarks/kernels/ours.mjs.
//   {"op": "linear" | "linearLogprob", "shape": {"M", "N", "K"}, "calls"}
//       -> {"seconds", "checksum", "extra_mb", "onednn"}, the seconds of one call
//   {"op": "ceiling"} -> {"flops"}, operations a second on registers
// Threads: OMP_NUM_THREADS, all cores without it.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include "peer.h"

namespace {

// The number after "key": in a flat request.
int64_t number(const std::string& line, const char* key) {
  const std::string quoted = '"' + std::string(key) + "\":";
  const size_t at = line.find(quoted);
  if (at == std::string::npos) throw std::invalid_argument("no " + quoted + " in " + line);
  return std::stoll(line.substr(at + quoted.size()));
}

bool asks(const std::string& line, const char* op) {
  return line.find("\"op\":\"" + std::string(op) + '"') != std::string::npos;
}

}  // namespace

int main() {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const dnnl_version_t& version = *dnnl::version();
  std::string line;
  std::string prepared;
  Work work;
  while (std::getline(std::cin, line)) {
    if (asks(line, "ceiling")) {
      std::printf("{\"flops\": %.6e}\n", register_ceiling());
    } else {
      const Shape shape{number(line, "M"), number(line, "N"), number(line, "K")};
      const bool wants_head = asks(line, "linearLogprob");
      const std::string key = std::to_string(wants_head) + ' ' + std::to_string(shape.m) + ' ' +
                              std::to_string(shape.n) + ' ' + std::to_string(shape.k);
      if (key != prepared) {
        work = {};
        work = (wants_head ? head : matmul)(engine, stream, shape);
        prepared = key;
      }
      const int64_t calls = number(line, "calls");
      const auto start = std::chrono::steady_clock::now();
      for (int64_t i = 0; i < calls; i++) work.call();
      stream.wait();
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      std::printf("{\"seconds\": %.9e, \"checksum\": %.17g, \"extra_mb\": %.3f, \"onednn\": \"%d.%d.%d\"}\n",
                  took.count() / double(calls), work.checksum, work.extra_bytes / 1048576, version.major,
                  version.minor, version.patch);
    }
    std::fflush(stdout);
  }
}
