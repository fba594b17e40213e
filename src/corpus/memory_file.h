#pragma once

#include <string>
#include <string_view>

#include "corpus/source.h"

namespace cofferdam::corpus {

// A chunk of one file of any format whose bytes are at hand: a text, JSONL, an
// archive, as its name and its first bytes tell.
Chunk MemoryFile(FilePlace place, std::string bytes,
                 const SourceOptions& options);

// Whether a file of this name with these bytes, of which the first 8 KiB are
// enough, is one text as it is, instead of records, an archive or a text in
// another encoding.
bool IsOneText(std::string_view path, std::string_view bytes);

}  // namespace cofferdam::corpus
