// What an exchange takes in MPI's own hands, beside ours: two ranks, MPI_Sendrecv of each size, the median of
// the calls. Prints a line of JSON: {library, seconds: {bytes: s}}.
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, length = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  char library[MPI_MAX_LIBRARY_VERSION_STRING];
  MPI_Get_library_version(library, &length);
  const int rounds = std::atoi(argv[1]);
  if (rank == 0) std::printf("{\"seconds\":{");
  for (int arg = 2; arg < argc; ++arg) {
    const int bytes = std::atoi(argv[arg]);
    const auto length_of = static_cast<size_t>(bytes);
    std::vector<char> own(length_of), other(length_of);
    std::vector<double> times;
    for (int round = -2; round < rounds; ++round) {
      MPI_Barrier(MPI_COMM_WORLD);
      const double start = MPI_Wtime();
      MPI_Sendrecv(own.data(), bytes, MPI_BYTE, 1 - rank, 0, other.data(), bytes, MPI_BYTE, 1 - rank, 0,
                   MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (round >= 0) times.push_back(MPI_Wtime() - start);
    }
    std::sort(times.begin(), times.end());
    if (rank == 0) std::printf("%s\"%d\":%.9f", arg > 2 ? "," : "", bytes, times[times.size() / 2]);
  }
  if (rank == 0) std::printf("}}\n");
  MPI_Finalize();
}
