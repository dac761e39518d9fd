// What this machine can do at most, line by line: {"bytes": 4096} -> {"seconds", "bytes", "flops"}, seconds
// of reading so many bytes (512 MiB unless said, and at most) and operations a second on registers. Other
// keys are not read. usage: ceilings THREADS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "ceilings.h"

void on_threads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int t = 0; t < threads; t++) running.emplace_back(work, t);
  for (std::thread& thread : running) thread.join();
}

int main(int argc, char** argv) {
  const int threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (threads < 1) return 2;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string key = "\"bytes\":";
    const size_t at = line.find(key);
    const double asked =
        at == std::string::npos ? double(kMostBytes) : std::atof(line.c_str() + at + key.size());
    const Reading reading = read_ceiling(threads, size_t(std::clamp(asked, 1.0, double(kMostBytes))));
    std::printf("{\"seconds\": %.9e, \"bytes\": %zu, \"flops\": %.6e}\n", reading.seconds, reading.bytes,
                register_ceiling(threads));
    std::fflush(stdout);
  }
}
