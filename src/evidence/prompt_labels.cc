#include "evidence/prompt_labels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "evidence/bits.h"
#include "evidence/matcher.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;

// Shorter texts have no kTokensMin tokens.
constexpr size_t kTextBytesMin = PromptLabels::kTokensMin;
// Threads that search at the same time keep a matcher each.
constexpr size_t kMatchersMax = 64;

constexpr uint64_t Bit(Language language) {
  return uint64_t{1} << static_cast<int>(language);
}
// Whose comments and literals general code has, too: a prompt that is lexed as
// general code gives the same tokens.
constexpr uint64_t kLikeGeneral =
    Bit(Language::kGeneral) | Bit(Language::kPython) | Bit(Language::kC) |
    Bit(Language::kJava) | Bit(Language::kJavaScript) | Bit(Language::kGo) |
    Bit(Language::kRust) | Bit(Language::kCSharp) | Bit(Language::kKotlin) |
    Bit(Language::kSwift) | Bit(Language::kScala) | Bit(Language::kPhp) |
    Bit(Language::kRuby) | Bit(Language::kShell) | Bit(Language::kHash) |
    Bit(Language::kStyle);

// In what a text is lexed to be compared with files of those languages. Where a
// text mixes prose and code, a back tick would open a literal that swallows
// what follows: Markdown knows fences, and C has no such literal.
uint64_t LexedIn(uint64_t languages, std::string_view text) {
  uint64_t lexed = languages & ~kLikeGeneral;
  if ((languages & kLikeGeneral) == 0) return lexed;
  lexed |= Bit(Language::kGeneral);
  if (text.find('`') != std::string_view::npos) {
    lexed |= Bit(Language::kMarkdown) | Bit(Language::kC);
  }
  // What is a comment elsewhere divides in Python.
  if (text.find("//") != std::string_view::npos) {
    lexed |= languages & Bit(Language::kPython);
  }
  return lexed;
}

// Whether most of what is shared are words of prose, which nobody renames.
bool IsProse(const Match& match, const fingerprint::TokenStream& text) {
  size_t words = 0;
  for (const SharedRun& run : match.runs) {
    for (uint32_t i = 0; i < run.length; ++i) {
      words += text.kind()[run.document + i] == fingerprint::TokenKind::kWord;
    }
  }
  return 2 * words > match.tokens();
}

bool Counts(const ContentEvidence& content, bool prose) {
  if (prose) return content.bits() >= PromptLabels::kProseBits;
  return content.bits() >= PromptLabels::kRenamedBits ||
         (content.bits() >= PromptLabels::kPastedBits &&
          content.kept_share >= PromptLabels::kPastedShare);
}

struct TextKey {
  uint64_t hash[2];
  uint64_t size;
  bool operator==(const TextKey&) const = default;
};
struct TextKeyHash {
  size_t operator()(const TextKey& key) const { return key.hash[0]; }
};

// What was found of the texts that were asked for lately; none: nothing.
class Answers {
 public:
  using Answer = std::shared_ptr<const LabelEvidence>;

  std::optional<Answer> Find(const TextKey& key) {
    std::lock_guard lock(mutex_);
    auto it = places_.find(key);
    if (it == places_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->second;
  }
  void Keep(const TextKey& key, Answer answer) {
    std::lock_guard lock(mutex_);
    if (places_.contains(key)) return;
    if (entries_.size() == PromptLabels::kTextsKeptMax) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(answer));
    places_.emplace(key, entries_.begin());
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<TextKey, Answer>> entries_;  // the latest first
  std::unordered_map<TextKey, std::list<std::pair<TextKey, Answer>>::iterator,
                     TextKeyHash>
      places_;
};

// One edition of a label, open.
class OpenLabel {
 public:
  static Result<std::shared_ptr<OpenLabel>> Open(LabelInfo info) {
    TRY_ASSIGN(fingerprint::Index index, fingerprint::Index::Open(info.folder));
    return std::shared_ptr<OpenLabel>(
        new OpenLabel(std::move(info), std::move(index)));
  }

  const LabelInfo& info() const { return info_; }
  Answers& answers() { return answers_; }

  // The strongest evidence that the text holds this label's material; null if
  // there is none that counts.
  Result<Answers::Answer> Weigh(const fingerprint::TokenStream& text) {
    if (text.size() < PromptLabels::kTokensMin) return Answers::Answer();
    std::unique_ptr<Matcher> matcher = Take();
    MatchCounts counts;
    auto matches = matcher->Find(text, Language::kGeneral, &counts);
    GiveBack(std::move(matcher));
    if (!matches.ok()) return matches.error();
    Answers::Answer best;
    for (const Match& match : *matches) {
      if (match.tokens() < PromptLabels::kTokensMin) continue;
      const ContentEvidence content = WeighContent(match, text);
      if (!Counts(content, IsProse(match, text))) continue;
      if (best && best->bits >= content.bits()) continue;
      TRY_ASSIGN(auto output,
                 index_.segment(match.segment).output(match.output));
      TRY_ASSIGN(std::string path, LabelledPath(output.descriptor));
      best = std::make_shared<const LabelEvidence>(
          LabelEvidence{.label = info_.label,
                        .path = std::move(path),
                        .line = match.stream->line[match.output_begin()],
                        .tokens = content.tokens,
                        .bits = content.bits()});
    }
    return best;
  }

 private:
  OpenLabel(LabelInfo info, fingerprint::Index index)
      : info_(std::move(info)), index_(std::move(index)) {}

  std::unique_ptr<Matcher> Take() {
    {
      std::lock_guard lock(mutex_);
      if (!matchers_.empty()) {
        auto matcher = std::move(matchers_.back());
        matchers_.pop_back();
        return matcher;
      }
    }
    MatchLimits limits;
    limits.outputs_max = 64;
    limits.candidate_tokens_min = PromptLabels::kTokensMin / 2;
    // What is secret counts by its tokens alone.
    limits.glance_min = 0;
    limits.filled_glance_min = 0;
    return std::make_unique<Matcher>(index_, nullptr, limits);
  }
  void GiveBack(std::unique_ptr<Matcher> matcher) {
    std::lock_guard lock(mutex_);
    if (matchers_.size() < kMatchersMax)
      matchers_.push_back(std::move(matcher));
  }

  const LabelInfo info_;
  const fingerprint::Index index_;
  Answers answers_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Matcher>> matchers_;
};

// A label that is asked for, and where its bit is.
struct Asked {
  std::shared_ptr<OpenLabel> label;
  uint64_t bit = 0;
  Answers::Answer best;
};

}  // namespace

struct PromptLabels::State {
  State(std::string in, const Clock& c, Random& random)
      : folder(std::move(in)), clock(c) {
    random.Fill({reinterpret_cast<uint8_t*>(seeds), sizeof seeds});
  }

  const std::string folder;
  const Clock& clock;
  uint64_t seeds[2];

  struct Known {
    std::shared_ptr<OpenLabel> label;  // null: never built
    int64_t looked_at_micros = 0;
  };
  std::mutex mutex;
  std::map<std::string, Known, std::less<>> known;

  TextKey KeyOf(std::string_view text) const {
    return {{Hash64(text, seeds[0]), Hash64(text, seeds[1])}, text.size()};
  }

  // The label's present edition; null when it was never built.
  Result<std::shared_ptr<OpenLabel>> Find(const std::string& label) {
    const int64_t now = clock.SteadyMicros();
    std::lock_guard lock(mutex);
    auto it = known.find(label);
    if (it != known.end() &&
        now - it->second.looked_at_micros < kLookMs * 1000) {
      return it->second.label;
    }
    auto info = ReadLabel(folder, label);
    std::shared_ptr<OpenLabel> open;
    if (info.ok()) {
      if (it != known.end() && it->second.label != nullptr &&
          it->second.label->info() == *info) {
        open = it->second.label;
      } else {
        TRY_ASSIGN(open, OpenLabel::Open(*std::move(info)));
      }
    } else if (info.error().code() != Code::kNotFound) {
      return info.error();
    }
    known[label] = {open, now};
    return open;
  }

  // Adds what one text of the prompt holds to `asked`.
  Status Look(std::string_view text, std::vector<Asked>* asked) const {
    if (text.size() < kTextBytesMin) return {};
    const TextKey key = KeyOf(text);
    std::vector<Asked*> open;
    std::vector<uint64_t> lexed;  // of each of them
    uint64_t languages = 0;
    for (Asked& one : *asked) {
      const auto kept = one.label->answers().Find(key);
      if (kept) {
        Better(*kept, &one);
        continue;
      }
      open.push_back(&one);
      lexed.push_back(LexedIn(one.label->info().languages, text));
      languages |= lexed.back();
    }
    if (open.empty()) return {};
    std::vector<Answers::Answer> found(open.size());
    thread_local fingerprint::TokenStream tokens;
    for (; languages != 0; languages &= languages - 1) {
      const int language = std::countr_zero(languages);
      fingerprint::Lex(text, static_cast<Language>(language), &tokens);
      for (size_t i = 0; i < open.size(); ++i) {
        if (((lexed[i] >> language) & 1) == 0) continue;
        TRY_ASSIGN(Answers::Answer answer, open[i]->label->Weigh(tokens));
        if (answer && (!found[i] || found[i]->bits < answer->bits)) {
          found[i] = std::move(answer);
        }
      }
    }
    for (size_t i = 0; i < open.size(); ++i) {
      open[i]->label->answers().Keep(key, found[i]);
      Better(found[i], open[i]);
    }
    return {};
  }

  static void Better(const Answers::Answer& answer, Asked* one) {
    if (answer && (!one->best || one->best->bits < answer->bits)) {
      one->best = answer;
    }
  }
};

PromptLabels::PromptLabels(std::string labels_folder, const Clock& clock,
                           Random& random)
    : state_(std::make_unique<State>(std::move(labels_folder), clock, random)) {
}
PromptLabels::~PromptLabels() = default;

Result<LabelAnswer> PromptLabels::Search(const std::vector<std::string>& labels,
                                         uint64_t asked,
                                         wire::Protocol protocol,
                                         std::string_view body) {
  if (asked == 0) return LabelAnswer();
  TRY_ASSIGN(wire::Prompt prompt, wire::ReadPrompt(protocol, body));
  return Search(labels, asked, prompt);
}

Result<LabelAnswer> PromptLabels::Search(const std::vector<std::string>& labels,
                                         uint64_t asked,
                                         const wire::Prompt& prompt) {
  CHECK(labels.size() <= 64);
  LabelAnswer answer;
  std::vector<Asked> wanted;
  for (size_t i = 0; i < labels.size(); ++i) {
    const uint64_t bit = uint64_t{1} << i;
    if ((asked & bit) == 0) continue;
    TRY_ASSIGN(auto label, state_->Find(labels[i]));
    if (label == nullptr) {
      answer.unknown |= bit;
      continue;
    }
    wanted.push_back({std::move(label), bit, nullptr});
  }
  if (wanted.empty()) return answer;
  for (const std::string& text : prompt.texts) {
    TRY(state_->Look(text, &wanted));
  }
  for (const wire::PromptTurn& turn : prompt.turns) {
    for (const wire::Part& part : turn.parts) {
      TRY(state_->Look(part.text, &wanted));
    }
  }
  for (const Asked& one : wanted) {
    if (one.best == nullptr) continue;
    answer.labels |= one.bit;
    answer.evidence.push_back(*one.best);
  }
  return answer;
}

}  // namespace cofferdam::evidence
