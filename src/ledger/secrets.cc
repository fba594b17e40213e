#include "ledger/secrets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/check.h"
#include "ledger/secret_kinds_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr char kMask = 'X';
constexpr size_t kAnchorBytes = 3;
// A value of an assignment, a password in a URL: longer is none.
constexpr size_t kValueBytesMax = 256;
constexpr size_t kUserInfoBytesMax = 256;
// From the word "password" to the end of the name that holds it.
constexpr size_t kNameRestBytesMax = 40;
constexpr size_t kSpacesMax = 8;
constexpr size_t kPrivateKeyHeadBytesMax = 64;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
bool IsAlnum(char c) { return IsLetter(c) || IsDigit(c); }
bool IsWord(char c) { return IsAlnum(c) || c == '_'; }
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
char Folded(char c) { return IsUpper(c) ? static_cast<char>(c | 0x20) : c; }

bool In(Alphabet alphabet, char c) {
  switch (alphabet) {
    case Alphabet::kHex:
      return IsHex(c);
    case Alphabet::kAlnum:
      return IsAlnum(c);
    case Alphabet::kWord:
      return IsWord(c);
    case Alphabet::kUrl:
      return IsWord(c) || c == '-';
    case Alphabet::kDotted:
      return IsWord(c) || c == '-' || c == '.';
  }
  return false;
}

// Three bytes, letters in either case alike, as a place in a table.
constexpr size_t kTableBits = 13;
uint32_t Hash(const char* at) {
  uint32_t bytes = 0;
  std::memcpy(&bytes, at, kAnchorBytes);
  bytes |= 0x202020;
  return (bytes * 0x9e3779b1u) >> (32 - kTableBits);
}

enum class Shape { kToken, kName, kUrl, kPrivateKey, kWebToken };
struct Anchor {
  Shape shape;
  uint16_t number;  // in the list of its shape
};

// What may begin where; a bit a place says whether anything does.
class Anchors {
 public:
  Anchors() {
    for (size_t i = 0; i < std::size(kTokenKinds); ++i) {
      Add(kTokenKinds[i].prefix, {Shape::kToken, static_cast<uint16_t>(i)});
    }
    for (size_t i = 0; i < std::size(kSecretNames); ++i) {
      Add(kSecretNames[i], {Shape::kName, static_cast<uint16_t>(i)});
    }
    Add("://", {Shape::kUrl, 0});
    Add("BEGIN", {Shape::kPrivateKey, 0});
    Add("eyJ", {Shape::kWebToken, 0});
  }

  bool Any(uint32_t hash) const { return any_[hash]; }
  const std::vector<Anchor>& At(uint32_t hash) const {
    return lists_[any_[hash] - 1];
  }

 private:
  void Add(std::string_view text, Anchor anchor) {
    CHECK(text.size() >= kAnchorBytes);
    uint8_t& list = any_[Hash(text.data())];
    if (list == 0) {
      lists_.emplace_back();
      list = static_cast<uint8_t>(lists_.size());
    }
    lists_[list - 1].push_back(anchor);
  }

  std::array<uint8_t, size_t{1} << kTableBits> any_{};
  std::vector<std::vector<Anchor>> lists_;
};

const Anchors& AllAnchors() {
  static const Anchors anchors;
  return anchors;
}

// Whether `text` has `word` (in lower case) somewhere, in whatever case.
bool Holds(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return Folded(a) == b; }) !=
         text.end();
}

bool StandsForASecret(std::string_view value) {
  return std::any_of(std::begin(kPlaceholders), std::end(kPlaceholders),
                     [&](std::string_view word) { return Holds(value, word); });
}

struct Makeup {
  double bits_per_byte = 0;
  size_t lower = 0;
  size_t upper = 0;
  size_t digits = 0;
  size_t others = 0;
  size_t distinct = 0;

  int classes() const {
    return (lower > 0) + (upper > 0) + (digits > 0) + (others > 0);
  }
};

Makeup MakeupOf(std::string_view value) {
  std::array<uint16_t, 256> counts{};
  Makeup out;
  for (const char c : value) {
    if (counts[static_cast<uint8_t>(c)]++ == 0) ++out.distinct;
    ++(IsLower(c)   ? out.lower
       : IsUpper(c) ? out.upper
       : IsDigit(c) ? out.digits
                    : out.others);
  }
  const auto size = static_cast<double>(value.size());
  for (const uint16_t count : counts) {
    if (count == 0) continue;
    out.bits_per_byte -= count / size * std::log2(count / size);
  }
  return out;
}

bool IsUuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? value[i] != '-' : !IsHex(value[i])) return false;
  }
  return true;
}

// Some stretch of letters and digits that is no word with a number behind it.
bool HasMixedStretch(std::string_view value) {
  constexpr size_t kStretchMin = 6;
  constexpr int kChangesMin = 3;
  size_t length = 0;
  int changes = 0;
  char before = 0;
  for (const char c : value) {
    if (!IsAlnum(c)) {
      length = 0;
      changes = 0;
      before = 0;
      continue;
    }
    const char kind = IsDigit(c) ? 'd' : IsUpper(c) ? 'u' : 'l';
    if (before != 0 && kind != before) ++changes;
    before = kind;
    if (++length >= kStretchMin && changes >= kChangesMin) return true;
  }
  return false;
}

// Whether a value that has a secret's name looks as if nobody made it up.
bool LooksRandom(std::string_view value) {
  constexpr size_t kShortMin = 12;
  constexpr size_t kLongMin = 20;
  constexpr size_t kHexMin = 24;
  if (value.size() < kShortMin || IsUuid(value) || StandsForASecret(value)) {
    return false;
  }
  const Makeup makeup = MakeupOf(value);
  if (makeup.digits == 0 || makeup.lower + makeup.upper == 0) return false;
  if (value.size() >= kHexMin &&
      std::all_of(value.begin(), value.end(), IsHex)) {
    return makeup.bits_per_byte >= 3.0;
  }
  if (!HasMixedStretch(value)) return false;
  if (value.size() >= kLongMin) return makeup.bits_per_byte >= 3.4;
  return makeup.classes() >= 3 && makeup.bits_per_byte >= 3.0;
}

// A run of bytes of one alphabet.
struct Walked {
  size_t begin = 0;
  size_t end = 0;
};

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text) {}

  std::vector<FoundSecret> Run() {
    if (text_.size() < kAnchorBytes + 1) return {};
    const Anchors& anchors = AllAnchors();
    // The last bytes begin nothing that is long enough.
    const size_t end = text_.size() - kAnchorBytes;
    for (size_t at = 0; at < end;) {
      const uint32_t hash = Hash(text_.data() + at);
      if (!anchors.Any(hash)) {
        ++at;
        continue;
      }
      const auto found = FindAt(at, anchors.At(hash));
      if (found) found_.push_back(*found);
      at = found ? std::max(found->end, at + 1) : at + 1;
    }
    return std::move(found_);
  }

 private:
  std::optional<FoundSecret> FindAt(size_t at,
                                    const std::vector<Anchor>& anchors) {
    for (const Anchor& anchor : anchors) {
      std::optional<FoundSecret> found;
      switch (anchor.shape) {
        case Shape::kToken:
          found = Token(at, kTokenKinds[anchor.number]);
          break;
        case Shape::kName:
          found = Assigned(at, kSecretNames[anchor.number]);
          break;
        case Shape::kUrl:
          found = UrlPassword(at);
          break;
        case Shape::kPrivateKey:
          found = PrivateKey(at);
          break;
        case Shape::kWebToken:
          found = WebToken(at);
          break;
      }
      if (found) return found;
    }
    return std::nullopt;
  }

  char At(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  // Whether a word can begin here: "\n" in JSON is no letter before it.
  bool BeginsWord(size_t at) const {
    if (at == 0 || !IsWord(text_[at - 1])) return true;
    return at >= 2 && text_[at - 2] == '\\' &&
           std::strchr("nrt", text_[at - 1]) != nullptr;
  }

  // Where the run of bytes of `alphabet` from `from` on ends. A run is walked
  // through once, however many prefixes stand in it.
  size_t RunEnd(Alphabet alphabet, size_t from) {
    return RunEnd(alphabet, from, &runs_[static_cast<size_t>(alphabet)]);
  }
  size_t RunEnd(Alphabet alphabet, size_t from, Walked* walked) const {
    Walked& run = *walked;
    if (from >= run.begin && from < run.end) return run.end;
    size_t end = from;
    while (end < text_.size() && In(alphabet, text_[end])) ++end;
    run = {from, end};
    return end;
  }

  std::optional<FoundSecret> Token(size_t at, const TokenKind& kind) {
    if (text_.compare(at, kind.prefix.size(), kind.prefix) != 0 ||
        !BeginsWord(at)) {
      return std::nullopt;
    }
    const size_t begin = at + kind.prefix.size();
    if (begin < tokens_settled_) return std::nullopt;
    size_t end = RunEnd(kind.alphabet, begin);
    // A full stop or dash behind it belongs to the sentence.
    while (end > begin && (text_[end - 1] == '.' || text_[end - 1] == '-')) {
      --end;
    }
    if (end - begin < kind.bytes_min || end - begin > kind.bytes_max ||
        (kind.alphabet != Alphabet::kDotted && IsWord(At(end)))) {
      return std::nullopt;
    }
    // What begins within it is looked at no more.
    tokens_settled_ = end;
    const std::string_view value = text_.substr(begin, end - begin);
    const Makeup makeup = MakeupOf(value);
    if (makeup.distinct < kTokenDistinctMin || makeup.digits == 0 ||
        (kind.upper == Upper::kOnly && makeup.lower > 0) ||
        StandsForASecret(value)) {
      return std::nullopt;
    }
    return FoundSecret{kind.kind, begin, end};
  }

  // header.payload.signature, of which the first two are JSON in base 64.
  std::optional<FoundSecret> WebToken(size_t at) {
    constexpr size_t kPieceMin = 10;
    if (text_.compare(at, 3, "eyJ") != 0 || !BeginsWord(at)) {
      return std::nullopt;
    }
    const size_t header = RunEnd(Alphabet::kUrl, at, &web_[0]);
    if (header - at < kPieceMin || text_.compare(header, 4, ".eyJ") != 0) {
      return std::nullopt;
    }
    const size_t payload = RunEnd(Alphabet::kUrl, header + 1, &web_[1]);
    if (payload - header < kPieceMin || At(payload) != '.') {
      return std::nullopt;
    }
    const size_t end = RunEnd(Alphabet::kUrl, payload + 1, &web_[2]);
    if (end - payload < kPieceMin || payload < web_settled_) {
      return std::nullopt;
    }
    web_settled_ = end;
    const std::string_view secret = text_.substr(header + 4, end - header - 4);
    if (MakeupOf(secret).distinct < kTokenDistinctMin) return std::nullopt;
    // The header is no secret, and says that this was a token.
    return FoundSecret{"json_web_token", header + 4, end};
  }

  std::optional<FoundSecret> PrivateKey(size_t at) const {
    constexpr std::string_view kDashes = "-----";
    if (at < kDashes.size() ||
        text_.compare(at - kDashes.size(), kDashes.size() + 5, "-----BEGIN") !=
            0) {
      return std::nullopt;
    }
    const size_t head = text_.find(kDashes, at);
    if (head == std::string_view::npos || head - at > kPrivateKeyHeadBytesMax ||
        text_.substr(at, head - at).find("PRIVATE KEY") ==
            std::string_view::npos) {
      return std::nullopt;
    }
    const size_t begin = head + kDashes.size();
    const size_t end = std::min(text_.find(kDashes, begin), text_.size());
    if (std::none_of(text_.begin() + static_cast<ptrdiff_t>(begin),
                     text_.begin() + static_cast<ptrdiff_t>(end), IsDigit)) {
      return std::nullopt;
    }
    return FoundSecret{"private_key", begin, end};
  }

  // scheme://user:password@host
  std::optional<FoundSecret> UrlPassword(size_t at) const {
    if (text_.compare(at, 3, "://") != 0 || at == 0 ||
        !IsAlnum(text_[at - 1])) {
      return std::nullopt;
    }
    const size_t from = at + 3;
    const size_t limit = std::min(text_.size(), from + kUserInfoBytesMax);
    size_t colon = 0;
    size_t end = from;
    for (; end < limit && text_[end] != '@'; ++end) {
      const char c = text_[end];
      if (c <= ' ' || c == 0x7f || std::strchr("/?#\"'`\\<>{}[]()|^$", c)) {
        return std::nullopt;
      }
      if (c == ':' && colon == 0) colon = end;
    }
    if (end == limit || colon == 0 || colon + 1 == end ||
        !IsAlnum(At(end + 1))) {
      return std::nullopt;
    }
    const std::string_view password = text_.substr(colon + 1, end - colon - 1);
    const bool plain =
        StandsForASecret(password) ||
        std::any_of(std::begin(kPlainPasswords), std::end(kPlainPasswords),
                    [&](std::string_view word) {
                      return password.size() == word.size() &&
                             Holds(password, word);
                    });
    if (plain || password.size() < 4 || MakeupOf(password).distinct < 4) {
      return std::nullopt;
    }
    return FoundSecret{"url_password", colon + 1, end};
  }

  size_t SkipSpaces(size_t at) const {
    size_t end = at;
    while (end < at + kSpacesMax && At(end) == ' ') ++end;
    return end;
  }

  // Over a quote, which JSON in JSON writes behind backslashes.
  size_t SkipQuote(size_t at, char* quote) const {
    size_t end = at;
    while (end < at + 3 && At(end) == '\\') ++end;
    const char c = At(end);
    *quote = c == '"' || c == '\'' || c == '`' ? c : '\0';
    return *quote != '\0' ? end + 1 : at;
  }

  // name = "value", NAME=value, "name": "value", Bearer value.
  std::optional<FoundSecret> Assigned(size_t at, std::string_view name) {
    for (size_t i = 0; i < name.size(); ++i) {
      if (Folded(At(at + i)) != name[i]) return std::nullopt;
    }
    size_t next = at + name.size();
    if (name == kBearer) {
      next = SkipSpaces(next);
      return Value(next, '\0');
    }
    const size_t rest = next;
    while (next < rest + kNameRestBytesMax && IsWord(At(next))) ++next;
    const size_t name_end = next;
    char quote = '\0';
    next = SkipSpaces(SkipQuote(next, &quote));
    const size_t separator = next;
    if (text_.compare(next, 2, ":=") == 0 ||
        text_.compare(next, 2, "=>") == 0) {
      next += 2;
    } else if ((At(next) == '=' && At(next + 1) != '=') || At(next) == ':') {
      ++next;
    } else {
      return std::nullopt;
    }
    const size_t spaced = SkipSpaces(next);
    const size_t begin = SkipQuote(spaced, &quote);
    // Without quotes only as shells and files of settings write it, for in
    // code it is the name of something.
    if (quote == '\0' &&
        (separator != name_end || (spaced != next && At(separator) == '='))) {
      return std::nullopt;
    }
    return Value(begin, quote);
  }

  // A key or token that says itself what it is.
  std::optional<FoundSecret> SelfNamed(size_t at) {
    if (at + kAnchorBytes >= text_.size()) return std::nullopt;
    const Anchors& anchors = AllAnchors();
    const uint32_t hash = Hash(text_.data() + at);
    if (!anchors.Any(hash)) return std::nullopt;
    for (const Anchor& anchor : anchors.At(hash)) {
      std::optional<FoundSecret> found;
      if (anchor.shape == Shape::kToken) {
        found = Token(at, kTokenKinds[anchor.number]);
      } else if (anchor.shape == Shape::kWebToken) {
        found = WebToken(at);
      }
      if (found) return found;
    }
    return std::nullopt;
  }

  std::optional<FoundSecret> Value(size_t begin, char quote) {
    if (begin < values_settled_) return std::nullopt;
    if (const auto found = SelfNamed(begin)) return found;
    const size_t limit = std::min(text_.size(), begin + kValueBytesMax + 1);
    size_t end = begin;
    while (end < limit && text_[end] > ' ' && text_[end] < 0x7f &&
           text_[end] != '\\' && text_[end] != '"' && text_[end] != '\'' &&
           text_[end] != '`' &&
           (quote != '\0' || !std::strchr("=(){}[]<>,;", text_[end]))) {
      ++end;
    }
    while (quote == '\0' && end < limit && text_[end] == '=') ++end;
    values_settled_ = end;
    if (end - begin > kValueBytesMax) return std::nullopt;
    // An escape in the value, a call, a list: nothing that stands for itself.
    if (quote != '\0' && At(end) != quote && At(end) != '\\') {
      return std::nullopt;
    }
    if (quote == '\0' && std::strchr("(){}[]<>", At(end)) != nullptr &&
        At(end) != '\0') {
      return std::nullopt;
    }
    const std::string_view value = text_.substr(begin, end - begin);
    constexpr size_t kUnquotedMin = 20;
    if (quote == '\0' && value.size() < kUnquotedMin) return std::nullopt;
    if (!LooksRandom(value)) return std::nullopt;
    return FoundSecret{"assigned_secret", begin, end};
  }

  const std::string_view text_;
  // What keeps the time linear: runs that were walked through, and places
  // before which nothing more is looked at.
  std::array<Walked, kAlphabets> runs_{};
  std::array<Walked, 3> web_{};
  size_t tokens_settled_ = 0;
  size_t web_settled_ = 0;
  size_t values_settled_ = 0;
  std::vector<FoundSecret> found_;
};

}  // namespace

std::vector<FoundSecret> FindSecrets(std::string_view text) {
  return Finder(text).Run();
}

std::string MaskedNote(size_t masked) {
  return "secrets_masked:" + std::to_string(masked);
}

size_t MaskSecrets(std::string* text) {
  const std::vector<FoundSecret> found = FindSecrets(*text);
  for (const FoundSecret& secret : found) {
    for (size_t i = secret.begin; i < secret.end; ++i) {
      char& c = (*text)[i];
      // "\n" of JSON, and a line feed, stay.
      if (c == '\\') {
        ++i;
      } else if (c > ' ' && c != '.') {
        c = kMask;
      }
    }
  }
  return found.size();
}

}  // namespace cofferdam::ledger
