// Stands in for libFuzzer where a corpus is only replayed: gives a target every
// file of a folder, whole and cut short.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.h"

namespace {

constexpr size_t kCuts = 16;

// From memory of just that size, so that AddressSanitizer sees a byte too far.
void Replay(const std::string& bytes, size_t size) {
  const std::vector<uint8_t> copy(bytes.begin(),
                                  bytes.begin() + static_cast<long>(size));
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(argv[1], error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  if (error || files.empty()) {
    std::fprintf(stderr, "%s: no files\n", argv[1]);
    return 2;
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    // Seen last, should the target end the process.
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    for (size_t cut = 0; cut < kCuts; ++cut) {
      Replay(bytes, bytes.size() * cut / kCuts);
    }
    Replay(bytes, bytes.size());
  }
  return 0;
}
