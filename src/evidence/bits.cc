#include "evidence/bits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "evidence/align_internal.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::TokenKind;
using fingerprint::TokenRange;
using fingerprint::TokenStream;

// The whole model. The anchors are measurements of a prototype with a language
// model per language: a renamed piece of 30 lines carries about 180 bits in its
// tokens and 306 with names, in the median; human coincidence reaches 140 to
// 220 with names counted twice.
constexpr auto kConstants = std::to_array<Constant>({
    {"identifier", 0.5, "bits/token",
     "every other token is one; where it may stand is mostly forced"},
    {"operator", 0.9, "bits/token",
     "with the others this makes 0.9 bits for an average token of code"},
    {"keyword", 2.5, "bits/token", "rarer than operators, less forced"},
    {"number", 2.0, "bits/token", "one class for all numbers, but rare"},
    {"string", 1.5, "bits/token", "one class for all strings, but rare"},
    {"word", 3.0, "bits/token",
     "prose keeps its words: 30 in a row are seldom shared by chance, 60 "
     "hardly "
     "ever"},
    {"repeated_share", 0.2, "share",
     "a token whose last six matched tokens stood in the match before counts a "
     "fifth: tables and test cases repeat themselves"},
    {"name_weight", 2.0, "factor",
     "names counted twice told copies from idioms best"},
    {"name_new", 0.5, "bits/name", "both sides bring in a name at one place"},
    {"name_again_max", 4.0, "bits/name",
     "log2 of how many names ago it stood, plus two; at most this"},
    {"name_broken", -3.0, "bits/name",
     "a name that was renamed to another one before: idioms share shapes, not "
     "names"},
    {"name_kept", 1.0, "bits/name",
     "each name that is the same on both sides, once; half of them may be the "
     "library's or what everybody would have chosen"},
    {"number_kept", 1.0, "bits/literal", "most numbers are 0, 1 and 2"},
    {"string_kept", 3.0, "bits/literal", "few strings are common"},
    {"context_same_path", 40, "bits",
     "the same path of the same repository, if every name was changed"},
    {"context_unchanged", 100, "bits",
     "added to the last one in so far as names were kept beyond one half, so "
     "that ten plain lines are decisive where a model wrote them"},
    {"context_repository", 20, "bits", "the same repository, another path"},
    {"context_path", 10, "bits",
     "the last two names of the path where no repository is known"},
    {"weak", 120, "bits",
     "flags 0.2 % of human files, measured with the prototype's bits; 100 "
     "flags "
     "0.6 %"},
    {"strong", 270, "bits",
     "a quarter above what no human file but textbook code reached, measured "
     "likewise: with that margin thresholds held on other projects"},
    {"echo_share", 0.5, "share",
     "of echoed tokens, from which on a match is an echo; under other names it "
     "must then reach what is strong to be reported at all, since people write "
     "the next thing in the shape of the last, and so do models"},
    {"weak_tokens", 25, "tokens", "nothing shorter is reported by itself"},
    {"strong_tokens", 120, "tokens",
     "content of fewer tokens is at most ambiguous: nine models' answers to "
     "the "
     "same short tasks coincide up to about 100"},
    {"strong_tokens_in_place", 30, "tokens",
     "the same, at the same path of the same repository"},
    {"stretch_share", 0.9, "share",
     "of what an output wrote in one place; a match that covers so much of it "
     "is reported from 15 tokens on at the same path"},
});

consteval double Value(std::string_view name) {
  for (const Constant& constant : kConstants) {
    if (constant.name == name) return constant.value;
  }
  throw "no such constant";
}

double TokenBits(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
      return Value("identifier");
    case TokenKind::kNumber:
      return Value("number");
    case TokenKind::kString:
      return Value("string");
    case TokenKind::kKeyword:
      return Value("keyword");
    case TokenKind::kOperator:
      return Value("operator");
    case TokenKind::kWord:
      return Value("word");
  }
  return 0;
}

// Whether the last six matched tokens have stood in a row before.
class Repetition {
 public:
  bool Repeats(uint8_t byte) {
    last_ = (last_ << 8 | byte) & ((uint64_t{1} << (8 * kTokens)) - 1);
    if (++count_ < kTokens) return false;
    return !seen_.insert(last_).second;
  }

 private:
  static constexpr int kTokens = 6;
  uint64_t last_ = 0;
  uint64_t count_ = 0;
  std::unordered_set<uint64_t> seen_;
};

// Whether names of the output became names of the document one to one. Of the
// output a byte of each name is known, of the document all.
class Names {
 public:
  // Bits for one more pair of identifiers.
  double Renamed(uint8_t output, uint64_t document) {
    auto rank = std::find(recent_.begin(), recent_.end(), output);
    auto back = backward_.find(document);
    double bits = Value("name_broken");
    if (rank == recent_.end() && back == backward_.end()) {
      bits = Value("name_new");
    } else if (rank != recent_.end() && forward_[output] == document) {
      bits = std::min(
          Value("name_again_max"),
          std::log2(2.0 + static_cast<double>(rank - recent_.begin())));
    }
    if (rank != recent_.end()) recent_.erase(rank);
    recent_.insert(recent_.begin(), output);
    forward_[output] = document;
    backward_[document] = output;
    return bits;
  }

  // Bits for a pair of the same kind whose raw forms are equal, the first time.
  double Kept(TokenKind kind, uint8_t output) {
    if (!kept_.insert(static_cast<uint32_t>(kind) << 8 | output).second)
      return 0;
    if (kind == TokenKind::kIdentifier) return Value("name_kept");
    if (kind == TokenKind::kNumber) return Value("number_kept");
    return Value("string_kept");
  }

 private:
  std::vector<uint8_t> recent_;  // names of the output, the last one first
  std::array<uint64_t, 256> forward_ = {};
  std::unordered_map<uint64_t, uint8_t> backward_;
  std::unordered_set<uint32_t> kept_;
};

bool HasName(TokenKind kind, uint8_t normal) {
  // Lexed as different languages, an identifier may face a keyword's byte only
  // by chance; then there is no name to compare.
  return (kind == TokenKind::kIdentifier && normal == 0) ||
         (kind == TokenKind::kNumber && normal == 1) ||
         (kind == TokenKind::kString && normal == 2);
}

// Weighs the tokens of a match one after the other.
class Scale {
 public:
  Scale(const EvidenceStream& output, const TokenStream& document)
      : output_(output), document_(document) {}

  void Add(uint32_t document_token, uint32_t output_token) {
    TokenKind kind = document_.kind()[document_token];
    uint8_t normal = output_.normal[output_token];
    double share = repetition_.Repeats(normal) ? Value("repeated_share") : 1;
    double token_bits = TokenBits(kind) * share;
    double name_bits = 0;
    if (HasName(kind, normal)) {
      uint64_t raw = document_.raw()[document_token];
      uint8_t name = output_.name[output_token];
      bool kept = raw >> 56 == name;
      ++named_;
      kept_ += kept ? 1 : 0;
      if (kind == TokenKind::kIdentifier) {
        double renamed = names_.Renamed(name, raw);
        name_bits += renamed > 0 ? renamed * share : renamed;
      }
      if (kept) name_bits += names_.Kept(kind, name);
      name_bits *= Value("name_weight");
    }
    ++evidence_.tokens;
    evidence_.token_bits += token_bits;
    evidence_.name_bits += name_bits;
    if (IsEchoed(output_token)) {
      ++evidence_.echoed_tokens;
    } else {
      evidence_.novel_bits += token_bits + name_bits;
    }
  }

  void Gap(uint32_t document_tokens, uint32_t output_tokens) {
    double cost = GapCost(document_tokens, output_tokens);
    evidence_.token_bits -= cost;
    evidence_.novel_bits -= cost;
  }

  ContentEvidence Result() const {
    ContentEvidence evidence = evidence_;
    if (named_ > 0) evidence.kept_share = static_cast<double>(kept_) / named_;
    return evidence;
  }

 private:
  bool IsEchoed(uint32_t token) {
    while (echo_ < output_.echoed.size() && output_.echoed[echo_].end <= token)
      ++echo_;
    return echo_ < output_.echoed.size() &&
           output_.echoed[echo_].begin <= token;
  }

  const EvidenceStream& output_;
  const TokenStream& document_;
  Repetition repetition_;
  Names names_;
  size_t echo_ = 0;  // the first echoed range that may still count
  uint32_t named_ = 0;
  uint32_t kept_ = 0;
  ContentEvidence evidence_;
};

}  // namespace

std::span<const Constant> Constants() { return kConstants; }

ContentEvidence WeighContent(const Match& match, const TokenStream& document) {
  Scale scale(*match.stream, document);
  const SharedRun* before = nullptr;
  for (const SharedRun& run : match.runs) {
    if (before != nullptr) {
      scale.Gap(run.document - before->document - before->length,
                run.output - before->output - before->length);
    }
    for (uint32_t i = 0; i < run.length; ++i)
      scale.Add(run.document + i, run.output + i);
    before = &run;
  }
  return scale.Result();
}

double ContextBits(Context context, const ContentEvidence& content) {
  // What echoes the prompt is as likely to stand here because it was here
  // before, so the context speaks for the rest alone.
  double novel_share =
      content.tokens == 0
          ? 1
          : 1 - static_cast<double>(content.echoed_tokens) / content.tokens;
  switch (context) {
    case Context::kNone:
    case Context::kEarlier:
      return 0;
    case Context::kPath:
      return Value("context_path") * novel_share;
    case Context::kRepository:
      return Value("context_repository") * novel_share;
    case Context::kSamePath:
      return (Value("context_same_path") +
              Value("context_unchanged") *
                  std::max(0.0, 2 * content.kept_share - 1)) *
             novel_share;
  }
  return 0;
}

bool IsEcho(const ContentEvidence& content) {
  return content.echoed_tokens > 0 &&
         content.echoed_tokens >= Value("echo_share") * content.tokens;
}

double DecisiveBits() { return Value("strong"); }

Strength Judge(const ContentEvidence& content, Context context,
               bool whole_stretch) {
  // What stood there before cannot come from the output.
  if (context == Context::kEarlier) return Strength::kNothing;
  double context_bits = ContextBits(context, content);
  uint32_t novel_tokens = content.tokens - content.echoed_tokens;
  bool in_place = context == Context::kSamePath;
  if (content.tokens < Value("weak_tokens") &&
      !(in_place && whole_stretch &&
        content.tokens >= fingerprint::kGuarantee)) {
    return Strength::kNothing;
  }
  bool renamed_echo = IsEcho(content) && content.kept_share < 0.5;
  bool weak =
      content.bits() >= (renamed_echo ? Value("strong") : Value("weak")) ||
      (novel_tokens > 0 && content.novel_bits + context_bits >= Value("weak"));
  if (!weak) return Strength::kNothing;
  double tokens_min =
      in_place ? Value("strong_tokens_in_place") : Value("strong_tokens");
  bool strong = novel_tokens >= tokens_min &&
                content.novel_bits + context_bits >= Value("strong");
  return strong ? Strength::kStrong : Strength::kWeak;
}

bool CoversItsStretches(const Match& match) {
  uint64_t wrote = 0;
  uint32_t until = 0;
  for (const SharedRun& run : match.runs) {
    TokenRange stretch = StretchAround(*match.stream, run.output);
    if (stretch.begin < until) continue;
    wrote += stretch.end - stretch.begin;
    until = stretch.end;
  }
  return match.tokens() >= Value("stretch_share") * static_cast<double>(wrote);
}

}  // namespace cofferdam::evidence
