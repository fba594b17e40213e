#include "evidence/bits.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "evidence/align_internal.h"
#include "evidence/constants.h"
#include "evidence/renaming.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::TokenKind;
using fingerprint::TokenRange;
using fingerprint::TokenStream;

double BitsWithoutModel(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
      return ConstantValue("no_model_identifier");
    case TokenKind::kNumber:
      return ConstantValue("no_model_number");
    case TokenKind::kString:
      return ConstantValue("no_model_string");
    case TokenKind::kKeyword:
      return ConstantValue("no_model_keyword");
    case TokenKind::kOperator:
      return ConstantValue("no_model_operator");
    case TokenKind::kWord:
      return ConstantValue("no_model_word");
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

// The longest of several runs of tokens.
class LongestRun {
 public:
  struct Run {
    uint32_t tokens = 0;
    uint32_t novel = 0;  // that nothing else explains
    uint32_t names = 0;  // different ones
    double bits = 0;
  };

  void Add(bool novel, double bits) {
    ++run_.tokens;
    run_.novel += novel ? 1 : 0;
    run_.bits += bits;
    if (run_.tokens > longest_.tokens) longest_ = run_;
  }
  // The token added next has the name `raw`.
  void AddName(uint64_t raw) {
    if (names_.insert(raw).second) ++run_.names;
  }
  void End() {
    if (run_.tokens == 0) return;
    run_ = {};
    names_.clear();
  }
  const Run& longest() const { return longest_; }

 private:
  std::unordered_set<uint64_t> names_;
  Run run_;
  Run longest_;
};

bool HasName(TokenKind kind, uint8_t normal) {
  // Lexed as different languages, an identifier may face a keyword's byte only
  // by chance; then there is no name to compare.
  return (kind == TokenKind::kIdentifier && normal == 0) ||
         (kind == TokenKind::kNumber && normal == 1) ||
         (kind == TokenKind::kString && normal == 2);
}

// Bits for a name that agrees with the renaming.
double AgreementBits(const Renaming::Answer& answer) {
  switch (answer.agreement) {
    case Renaming::Agreement::kNew:
      return ConstantValue("name_new");
    case Renaming::Agreement::kAgain:
      return std::min(
          ConstantValue("name_again_max"),
          ConstantValue("name_again_min") +
              0.5 * std::log2(1.0 + static_cast<double>(answer.names_ago)));
    case Renaming::Agreement::kSameHash:
    case Renaming::Agreement::kContradicts:
      break;
  }
  return ConstantValue("name_broken");
}

// Weighs the tokens of a match one after the other.
class Scale {
 public:
  Scale(const Match& match, const TokenStream& document,
        std::span<const uint8_t> notes)
      : match_(match),
        output_(*match.stream),
        document_(document),
        notes_(notes) {
    for (const SharedRun& run : match.runs) {
      for (uint32_t i = 0; i < run.length; ++i) {
        if (IsIdentifier(run.document + i, run.output + i)) {
          renaming_.Count(output_.name[run.output + i],
                          document.raw()[run.document + i]);
        }
      }
    }
    renaming_.Settle();
  }

  void Add(uint32_t document_token, uint32_t output_token) {
    TokenKind kind = document_.kind()[document_token];
    uint8_t normal = output_.normal[output_token];
    double share =
        repetition_.Repeats(normal) ? ConstantValue("repeated_share") : 1;
    double tells =
        match_.token_eighths == nullptr
            ? BitsWithoutModel(kind)
            : static_cast<double>((*match_.token_eighths)[output_token]) / 8;
    bool kept = true;
    double name_bits = 0;
    const bool named = HasName(kind, normal);
    if (named) {
      kept =
          document_.raw()[document_token] >> 56 == output_.name[output_token];
      name_bits = NameBits(kind, document_token, output_token, kept, share);
    }
    bool novel = IsNovel(document_token, output_token);
    if (kept) {
      if (normal == 0 || normal == 2)
        exact_.AddName(document_.raw()[document_token]);
      exact_.Add(IsExactlyNovel(document_token), tells * share);
    } else {
      exact_.End();
    }
    double token_bits = ConstantValue("token_weight") * tells * share;
    // A word stands for itself, as a name that nobody changed.
    if (kind == TokenKind::kWord) name_bits = token_bits;
    ++evidence_.tokens;
    evidence_.token_bits += token_bits;
    evidence_.name_bits += name_bits;
    if (novel) {
      evidence_.novel_token_bits += token_bits;
      evidence_.novel_name_bits += name_bits;
      if (named && kept && kind == TokenKind::kIdentifier)
        evidence_.novel_kept_bits += name_bits;
    }
  }

  void Gap(uint32_t document_tokens, uint32_t output_tokens) {
    double cost =
        ConstantValue("token_weight") * GapCost(document_tokens, output_tokens);
    evidence_.token_bits -= cost;
    evidence_.novel_token_bits -= cost;
    if (document_tokens > 0 || output_tokens > 0) exact_.End();
  }

  ContentEvidence Result() const {
    ContentEvidence evidence = evidence_;
    evidence.exact_tokens = exact_.longest().tokens;
    evidence.exact_novel_tokens = exact_.longest().novel;
    evidence.exact_names = exact_.longest().names;
    evidence.exact_bits = exact_.longest().bits;
    if (named_ > 0) evidence.kept_share = static_cast<double>(kept_) / named_;
    return evidence;
  }

 private:
  bool IsIdentifier(uint32_t document_token, uint32_t output_token) const {
    return document_.kind()[document_token] == TokenKind::kIdentifier &&
           HasName(TokenKind::kIdentifier, output_.normal[output_token]);
  }

  double NameBits(TokenKind kind, uint32_t document_token,
                  uint32_t output_token, bool kept, double share) {
    uint8_t name = output_.name[output_token];
    ++named_;
    kept_ += kept ? 1 : 0;
    double kept_bits = kept ? KeptBits(kind, name) : 0;
    if (kind != TokenKind::kIdentifier)
      return ConstantValue("literal_weight") * kept_bits;
    double bits =
        AgreementBits(renaming_.Compare(name, document_.raw()[document_token]));
    if (bits < 0) {
      ++evidence_.contradictions;
    } else {
      bits *= share;
    }
    return ConstantValue("name_weight") * (bits + kept_bits);
  }

  // For what is the same on both sides, the first time.
  double KeptBits(TokenKind kind, uint8_t name) {
    if (!kept_names_.insert(static_cast<uint32_t>(kind) << 8 | name).second)
      return 0;
    if (kind == TokenKind::kIdentifier) return ConstantValue("name_kept");
    if (kind == TokenKind::kNumber) return ConstantValue("number_kept");
    return ConstantValue("string_kept");
  }

  uint8_t NoteOf(uint32_t document_token) const {
    return document_token < notes_.size() ? notes_[document_token] : kNoNote;
  }
  bool IsExactlyNovel(uint32_t document_token) const {
    return (NoteOf(document_token) & (kPriorArt | kSharedExactly)) == 0;
  }

  // Counts what else explains a token.
  bool IsNovel(uint32_t document_token, uint32_t output_token) {
    bool echoed = IsEchoed(output_token);
    uint8_t note = NoteOf(document_token);
    evidence_.echoed_tokens += echoed ? 1 : 0;
    evidence_.prior_tokens += (note & kPriorArt) != 0 ? 1 : 0;
    evidence_.shared_tokens += (note & kShared) != 0 ? 1 : 0;
    if (echoed || note != 0) return false;
    ++evidence_.novel_tokens;
    return true;
  }

  bool IsEchoed(uint32_t token) {
    while (echo_ < output_.echoed.size() && output_.echoed[echo_].end <= token)
      ++echo_;
    if (echo_ == output_.echoed.size()) return false;
    return output_.echoed[echo_].begin <= token;
  }

  const Match& match_;
  const EvidenceStream& output_;
  const TokenStream& document_;
  std::span<const uint8_t> notes_;
  Repetition repetition_;
  Renaming renaming_;
  std::unordered_set<uint32_t> kept_names_;
  size_t echo_ = 0;  // the first echoed range that may still count
  uint32_t named_ = 0;
  uint32_t kept_ = 0;
  LongestRun exact_;  // the same with its names
  ContentEvidence evidence_;
};

}  // namespace

ContentEvidence WeighContent(const Match& match, const TokenStream& document,
                             std::span<const uint8_t> notes) {
  Scale scale(match, document, notes);
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

bool IsEcho(const ContentEvidence& content) {
  return content.echoed_tokens > 0 &&
         content.echoed_tokens >= ConstantValue("echo_share") * content.tokens;
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
  return match.tokens() >=
         ConstantValue("stretch_share") * static_cast<double>(wrote);
}

}  // namespace cofferdam::evidence
