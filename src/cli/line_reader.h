#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::cli {

// The lines of a file or of stdin, one after another, in bounded memory.
class LineReader {
 public:
  struct Line {
    int64_t number = 0;     // from 1
    std::string_view text;  // without its end; valid until the next
    bool cut = false;       // longer than was allowed, and passed over
  };

  // "-" is stdin. The errno's code, kInvalid for a folder.
  static Result<LineReader> Open(const std::string& file);

  // None at the end. A mark of byte order before the first line is left out.
  Result<std::optional<Line>> Next(size_t bytes_max);

 private:
  struct Closer {
    void operator()(FILE* file) const;
  };

  LineReader(std::string name, std::unique_ptr<FILE, Closer> file);
  // False at the end of the file.
  Result<bool> Fill();

  std::string name_;
  std::unique_ptr<FILE, Closer> file_;
  std::string buffer_;
  size_t begin_ = 0;
  int64_t number_ = 0;
};

}  // namespace cofferdam::cli
