#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/result.h"
#include "corpus/byte_source.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// Gives `bytes` in pieces of `step`, then fails if `failure` is set.
std::unique_ptr<ByteSource> ReadPieces(std::string bytes, size_t step,
                                       std::optional<Error> failure = {});

// What came of a corpus, as text.
struct Seen {
  std::vector<std::string> records;  // "path#number [begin,end) name=text …"
  std::vector<std::string> passed;   // "path#record+records reason detail"
  size_t chunks = 0;
};
Seen ReadAll(Source* source, const SourceOptions& options = {});
// Of a stream named `path`, whose source must have taken all bytes at the end.
Seen ReadBytes(std::string bytes, const std::string& path = "x.jsonl",
               const SourceOptions& options = {}, size_t step = 1 << 20);

std::string Compress(Codec codec, std::string_view text);

}  // namespace cofferdam::corpus
