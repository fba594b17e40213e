#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "corpus/byte_source.h"
#include "corpus/rewrite.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

// Takes bytes in their order.
using ByteSink = std::function<Status(std::string_view)>;

// The edits of one file and all that is inside of it, sorted by path, then by
// where they begin.
using Edits = std::span<const RecordEdit>;

// `text` as CutStyle::kMask leaves it.
std::string Masked(std::string_view text);

// Stretches of one text: sorted, without overlaps, grown to whole characters.
// None if one does not fit the text.
using Stretches = std::vector<std::pair<size_t, size_t>>;
std::optional<Stretches> StretchesOf(
    std::string_view text, std::vector<std::pair<size_t, size_t>> cuts);

// `text` with `stretches` taken out in `style`.
std::string CutText(std::string_view text, const Stretches& stretches,
                    CutStyle style);

// `json`, one record (kJsonPaddingBytes follow), with the cuts of `edit`.
Result<std::string> CutJson(std::string_view json, const RecordEdit& edit,
                            const RewriteOptions& options);
// The same of a notebook.
Result<std::string> CutNotebook(std::string_view json, const RecordEdit& edit,
                                const RewriteOptions& options);

// Writes what `packed` unpacks from, with `edits` applied, to `sink`. Its place
// and name tell what it is, as Unpack has it. False, and nothing written, if
// all of it is dropped.
Result<bool> RewriteStream(Packed packed, Edits edits,
                           const RewriteOptions& options,
                           const std::string& spool_folder,
                           const ByteSink& sink);

// A conflict: the corpus is not what was scanned.
Error Changed(const RecordEdit& edit);

}  // namespace cofferdam::corpus
