#include "benches/blamed.h"

#include <vector>

#include "base/json.h"
#include "benches/process.h"

namespace cofferdam::bench {

BlamedLines ReadBlamed(std::string_view json) {
  auto document = JsonDocument::Parse(json);
  if (!document.ok()) Fail("blame --json: " + document.error().message());
  BlamedLines lines;
  for (const JsonValue& file : (*document)["files"].Elements()) {
    const std::string path(file["path"].StringOrEmpty());
    const std::vector<JsonValue> origins = file["origins"].Elements();
    for (const JsonValue& run : file["blame"].Elements()) {
      BlamedAs as{.as = std::string(run["class"].StringOrEmpty())};
      const auto origin = run["origin"].Int();
      if (origin && *origin >= 0 &&
          static_cast<size_t>(*origin) < origins.size()) {
        as.model =
            origins[static_cast<size_t>(*origin)]["model"].StringOrEmpty();
      }
      const int64_t end = run["end"].Int().value_or(0);
      for (int64_t line = run["begin"].Int().value_or(1); line <= end; ++line) {
        lines[{path, line}] = as;
      }
    }
  }
  if (lines.empty()) Fail("blame --json: no lines");
  return lines;
}

}  // namespace cofferdam::bench
