// Ranks over MPI: bytes gathered from all of them, float32 exchanged between two. A module of its own,
// compiled with the MPI of the machine (pnpm setup:mpi) and loaded only in a process that a launcher
// started. What the functions mean: index.d.mts.
#include <mpi.h>
#include <napi.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

// Counts of MPI 3 are int: larger messages go in parts.
constexpr size_t kPart = size_t{1} << 28;
constexpr int kTag = 7;

double seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void checked(Napi::Env env, const char* call, int status) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw Napi::Error::New(env, std::string(call) + ": " + std::string(text, static_cast<size_t>(length)));
}

// Messages under way, each with the rank at its other end.
struct Messages {
  std::vector<MPI_Request> requests;
  std::vector<int> peers;

  void send(Napi::Env env, const void* data, size_t bytes, int peer) {
    MPI_Request request;
    checked(env, "MPI_Isend",
            MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, peer, kTag, MPI_COMM_WORLD, &request));
    requests.push_back(request);
    peers.push_back(peer);
  }
  void receive(Napi::Env env, void* data, size_t bytes, int peer) {
    MPI_Request request;
    checked(env, "MPI_Irecv",
            MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, peer, kTag, MPI_COMM_WORLD, &request));
    requests.push_back(request);
    peers.push_back(peer);
  }

  // Waits for all. Past the limit an error has the ranks that did not answer as `silent`; the messages stay
  // open, for the job can only end. What is on its way moves only while MPI is asked about it, so only
  // `idle` waiting may sleep: for ranks that have not come yet, and that need the core where there are fewer
  // than ranks.
  void wait(Napi::Env env, double limit, bool idle) {
    const double begin = seconds();
    long nap = 0;
    for (;;) {
      int done = 0;
      checked(env, "MPI_Testall",
              MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE));
      if (done) return;
      const double waited = seconds() - begin;
      if (waited > limit) break;
      if (!idle || waited < 1e-3) {
        sched_yield();
        continue;
      }
      nap = std::min(nap + 10'000, 1'000'000L);
      const timespec rest{0, nap};
      nanosleep(&rest, nullptr);
    }
    Napi::Array silent = Napi::Array::New(env);
    for (size_t i = 0; i < requests.size(); ++i) {
      int done = 0;
      if (requests[i] != MPI_REQUEST_NULL) MPI_Test(&requests[i], &done, MPI_STATUS_IGNORE);
      if (requests[i] != MPI_REQUEST_NULL && !done) silent.Set(silent.Length(), peers[i]);
    }
    Napi::Error error = Napi::Error::New(env, "no answer");
    error.Set("silent", silent);
    throw error;
  }
};

int rank_of(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

int size_of(MPI_Comm comm) {
  int size = 0;
  MPI_Comm_size(comm, &size);
  return size;
}

// {rank, size, localRank, localSize, library}
Napi::Value init(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int provided = 0;
  checked(env, "MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  checked(env, "MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  MPI_Comm local;
  checked(env, "MPI_Comm_split_type",
          MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local));
  char library[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(library, &length);
  Napi::Object facts = Napi::Object::New(env);
  facts.Set("rank", rank_of(MPI_COMM_WORLD));
  facts.Set("size", size_of(MPI_COMM_WORLD));
  facts.Set("localRank", rank_of(local));
  facts.Set("localSize", size_of(local));
  facts.Set("library", std::string(library));
  MPI_Comm_free(&local);
  return facts;
}

// (own: Uint8Array, limit) => Uint8Array of every rank
Napi::Value gather(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto own = info[0].As<Napi::Uint8Array>();
  const double limit = info[1].As<Napi::Number>().DoubleValue();
  const int rank = rank_of(MPI_COMM_WORLD), size = size_of(MPI_COMM_WORLD);
  if (own.ByteLength() > kPart) throw Napi::Error::New(env, "more than 256 MiB of values of one rank");

  std::vector<uint64_t> lengths(static_cast<size_t>(size), own.ByteLength());
  Messages counts;
  for (int peer = 0; peer < size; ++peer) {
    if (peer == rank) continue;
    counts.receive(env, &lengths[static_cast<size_t>(peer)], sizeof(uint64_t), peer);
    counts.send(env, &lengths[static_cast<size_t>(rank)], sizeof(uint64_t), peer);
  }
  counts.wait(env, limit, true);

  Napi::Array all = Napi::Array::New(env);
  Messages values;
  for (int peer = 0; peer < size; ++peer) {
    const size_t bytes = lengths[static_cast<size_t>(peer)];
    auto of = peer == rank ? own : Napi::Uint8Array::New(env, bytes);
    all.Set(static_cast<uint32_t>(peer), of);
    if (peer == rank) continue;
    values.receive(env, of.Data(), bytes, peer);
    values.send(env, own.Data(), own.ByteLength(), peer);
  }
  values.wait(env, limit, false);
  return all;
}

// (own: Float32Array, peer, limit) => the peer's
Napi::Value exchange(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto own = info[0].As<Napi::Float32Array>();
  const int peer = info[1].As<Napi::Number>().Int32Value();
  const double limit = info[2].As<Napi::Number>().DoubleValue();
  auto other = Napi::Float32Array::New(env, own.ElementLength());
  const auto* from = reinterpret_cast<const uint8_t*>(own.Data());
  auto* to = reinterpret_cast<uint8_t*>(other.Data());
  char here = 0, there = 0;
  Messages ready;
  ready.receive(env, &there, 1, peer);
  ready.send(env, &here, 1, peer);
  ready.wait(env, limit, true);
  for (size_t at = 0; at < own.ByteLength(); at += kPart) {
    const size_t bytes = std::min(kPart, own.ByteLength() - at);
    Messages part;
    part.receive(env, to + at, bytes, peer);
    part.send(env, from + at, bytes, peer);
    part.wait(env, limit, false);
  }
  return other;
}

Napi::Value abort_job(const Napi::CallbackInfo& info) {
  MPI_Abort(MPI_COMM_WORLD, info[0].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

// (code). What Node would tear down afterwards is the system's to take back, and tearing it down after
// MPI_Finalize ended in a broken heap one time in fifty.
Napi::Value leave(const Napi::CallbackInfo& info) {
  checked(info.Env(), "MPI_Finalize", MPI_Finalize());
  std::fflush(nullptr);
  _exit(info[0].As<Napi::Number>().Int32Value());
}

Napi::Object exports_of(Napi::Env env, Napi::Object exports) {
  exports.Set("init", Napi::Function::New<init>(env, "init"));
  exports.Set("gather", Napi::Function::New<gather>(env, "gather"));
  exports.Set("exchange", Napi::Function::New<exchange>(env, "exchange"));
  exports.Set("abort", Napi::Function::New<abort_job>(env, "abort"));
  exports.Set("leave", Napi::Function::New<leave>(env, "leave"));
  return exports;
}

}  // namespace

NODE_API_MODULE(selfjudge_mpi, exports_of)
