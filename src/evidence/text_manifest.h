#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cofferdam::evidence {

// A statement of provenance that is hidden in a text: a C2PA manifest whose
// bytes are written as variation selectors, which nobody sees (C2PA 2.3, A.7:
// U+FEFF, then "C2PATXT", 0, the version, four bytes of length, JUMBF).
struct TextManifest {
  // A longer one is read up to here.
  static constexpr size_t kBytesMax = size_t{1} << 20;
  static constexpr size_t kGeneratorBytesMax = 200;

  // In the text, U+FEFF included.
  size_t begin = 0;
  size_t end = 0;
  size_t bytes = 0;       // of the manifest that are there
  bool complete = false;  // all that its length tells of
  // What it says: that a trained model made the text, or a part of it, and
  // which program wrote the claim. Signatures are not checked.
  bool says_model = false;
  std::string generator;
};

// The selectors of "C", with which every manifest's magic begins, as UTF-8.
inline constexpr std::string_view kTextManifestAnchor = "\xF3\xA0\x84\xB3";

// The manifest whose anchor stands at `at`; none when it is not one. Bytes of
// any kind are taken.
std::optional<TextManifest> ReadTextManifest(std::string_view text, size_t at);

// For tests: `manifest` as it stands in a text.
std::string WriteTextManifest(std::string_view manifest);

}  // namespace cofferdam::evidence
