// Gemini's array form: every split gives the same elements, whatever the bytes,
// and where the JSON parser reads them as an array of objects or arrays, it
// gives the same.

#include <string>
#include <vector>

#include "base/json.h"
#include "target.h"
#include "wire/array_splitter.h"

namespace cofferdam::wire {
namespace {

struct Split {
  std::vector<std::string> elements;
  uint64_t skipped = 0;
  bool closed = false;
  bool broken = false;
  bool between = false;

  bool operator==(const Split&) const = default;
};

Split ReadInPieces(std::string_view bytes, size_t first, size_t piece,
                   size_t element_bytes_max) {
  ArraySplitter splitter(element_bytes_max);
  Split split;
  size_t size = first;
  while (!bytes.empty()) {
    // A copy of its own, so that a view kept too long is seen.
    const std::string copy(bytes.substr(0, size));
    splitter.Feed(copy, [&](std::string_view element) {
      CHECK(element.size() <= element_bytes_max);
      split.elements.emplace_back(element);
    });
    bytes.remove_prefix(copy.size());
    size = piece;
  }
  CHECK(splitter.elements() == split.elements.size());
  split.skipped = splitter.elements_skipped();
  split.closed = splitter.closed();
  split.broken = splitter.broken();
  split.between = splitter.between_elements();
  return split;
}

std::string Canonical(const JsonValue& value) {
  return std::move(JsonWriter().Value(value)).Take();
}

void CheckAgainstParser(std::string_view bytes, const Split& whole) {
  const Result<JsonDocument> json = JsonDocument::Parse(bytes);
  if (!json.ok()) return;
  std::vector<JsonValue> elements = {json->root()};
  if (json->root().is_array()) elements = json->root().Elements();
  bool all_nested = true;
  for (const JsonValue& element : elements) {
    all_nested = all_nested && (element.is_object() || element.is_array());
  }
  CHECK(whole.broken == !all_nested);
  if (!all_nested) return;
  CHECK(whole.closed && whole.elements.size() == elements.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto again = JsonDocument::Parse(whole.elements[i]);
    CHECK(again.ok() && Canonical(again->root()) == Canonical(elements[i]));
  }
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::wire::ArraySplitter;
  using cofferdam::wire::ReadInPieces;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  for (size_t limit : {ArraySplitter::kElementBytesMax, size_t{24}}) {
    const auto whole = ReadInPieces(bytes, size, size, limit);
    for (size_t piece = 1; piece <= 5; ++piece) {
      CHECK(ReadInPieces(bytes, piece, piece, limit) == whole);
    }
    for (size_t first = 1; first < size && first < 64; ++first) {
      CHECK(ReadInPieces(bytes, first, size, limit) == whole);
    }
    if (limit > size) cofferdam::wire::CheckAgainstParser(bytes, whole);
  }
  return 0;
}
