#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/json.h"
#include "fingerprint/index.h"

namespace cofferdam::fingerprint {
namespace {

constexpr int64_t kManifestVersion = 1;

Error Corrupt(std::string what) {
  return {Code::kCorrupt, "index manifest: " + std::move(what)};
}

// A plain name: it cannot lead out of the folder.
bool IsSegmentName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  return name.starts_with(kSegmentFilePrefix) &&
         name.ends_with(kSegmentFileSuffix) && name.size() < 128 &&
         std::all_of(name.begin(), name.end(), plain);
}

std::optional<uint64_t> Count(const JsonValue& object, std::string_view name) {
  const std::optional<int64_t> value = object[name].Int();
  if (!value || *value < 0) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

std::optional<uint64_t> Digest(std::string_view text) {
  uint64_t digest = 0;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), digest, 16);
  if (failed != std::errc() || end != text.data() + text.size() ||
      text.size() != 16) {
    return std::nullopt;
  }
  return digest;
}

std::optional<ManifestEntry> ReadEntry(const JsonValue& object) {
  ManifestEntry entry;
  entry.file = object["file"].StringOrEmpty();
  const auto digest = Digest(object["digest"].StringOrEmpty());
  const auto bytes = Count(object, "bytes");
  const auto first = Count(object, "first");
  const auto last = Count(object, "last");
  const auto outputs = Count(object, "outputs");
  const auto fingerprints = Count(object, "fingerprints");
  const auto tokens = Count(object, "tokens");
  if (!IsSegmentName(entry.file) || !digest || !bytes || !first || !last ||
      *first > *last || !outputs || !fingerprints || !tokens) {
    return std::nullopt;
  }
  entry.digest = *digest;
  entry.bytes = *bytes;
  entry.covers = {.first = *first, .last = *last};
  entry.outputs = *outputs;
  entry.fingerprints = *fingerprints;
  entry.tokens = *tokens;
  return entry;
}

}  // namespace

std::string FormatManifest(const Manifest& manifest) {
  JsonWriter json;
  json.BeginObject().Field("v", kManifestVersion).Key("segments").BeginArray();
  for (const ManifestEntry& entry : manifest.segments) {
    json.BeginObject()
        .Field("file", std::string_view(entry.file))
        .Field("bytes", entry.bytes)
        .Field("digest", std::string_view(fmt::format("{:016x}", entry.digest)))
        .Field("first", entry.covers.first)
        .Field("last", entry.covers.last)
        .Field("outputs", entry.outputs)
        .Field("fingerprints", entry.fingerprints)
        .Field("tokens", entry.tokens)
        .EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take() + "\n";
}

Result<Manifest> ParseManifest(std::string_view text) {
  Result<JsonDocument> document = JsonDocument::Parse(text);
  if (!document.ok()) return Corrupt(document.error().message());
  const JsonValue root = document->root();
  const std::optional<int64_t> version = root["v"].Int();
  if (!version) return Corrupt("no version");
  if (*version != kManifestVersion) {
    return Error(
        Code::kInvalid,
        fmt::format("index manifest: version {}, this program reads {}",
                    *version, kManifestVersion));
  }
  if (!root["segments"].is_array()) return Corrupt("no segments");
  Manifest manifest;
  for (const JsonValue& object : root["segments"].Elements()) {
    if (manifest.segments.size() == kManifestSegmentsMax) {
      return Error(Code::kTooLarge, "index manifest: too many segments");
    }
    std::optional<ManifestEntry> entry = ReadEntry(object);
    if (!entry) {
      return Corrupt(
          fmt::format("entry {} is wrong", manifest.segments.size()));
    }
    if (entry->covers.first != manifest.covered() + 1) {
      return Corrupt(
          fmt::format("{} does not follow the segment before it", entry->file));
    }
    manifest.segments.push_back(*std::move(entry));
  }
  return manifest;
}

}  // namespace cofferdam::fingerprint
