#include "evidence/finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "evidence/constants.h"
#include "evidence/document_notes.h"
#include "evidence/lines_internal.h"
#include "evidence/verdict_internal.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Index;
using fingerprint::TokenStream;

// A match that is worth reporting, with its origin.
struct Weighed {
  Match match;
  FoundOrigin found;
};

// A stretch of lines that one match claims.
struct Claim {
  LineRange lines;
  size_t weighed = 0;  // ordinal
};

// The origin of each output, read once for a document.
class Origins {
 public:
  explicit Origins(const Index& index) : index_(index) {}

  Result<const Origin*> Of(const Match& match) {
    auto key = std::pair(match.segment, match.output);
    auto found = origins_.find(key);
    if (found == origins_.end()) {
      TRY_ASSIGN(auto output,
                 index_.segment(match.segment).output(match.output));
      TRY_ASSIGN(Origin origin, ParseOrigin(output.descriptor));
      found = origins_.emplace(key, std::move(origin)).first;
    }
    return &found->second;
  }

 private:
  const Index& index_;
  std::map<std::pair<uint32_t, uint32_t>, Origin> origins_;
};

Threshold ThresholdOf(fingerprint::Language language,
                      const Judgement& judgement) {
  const Thresholds& thresholds = judgement.thresholds == nullptr
                                     ? Thresholds::BuiltIn()
                                     : *judgement.thresholds;
  Threshold threshold = thresholds.Of(language);
  if (judgement.background == nullptr) {
    threshold.weak_bits *= ConstantValue("no_background_weak");
    threshold.wide_bits *= ConstantValue("no_background_weak");
    threshold.strong_bits *= ConstantValue("no_background_strong");
    threshold.long_bits *= ConstantValue("no_background_strong");
  }
  return threshold;
}

// Weighs the matches of one text, first each by itself, then by what else
// explains its tokens.
class Weighing {
 public:
  Weighing(const Index& index, const ScannedText& scanned,
           const Judgement& judgement)
      : origins_(index),
        scanned_(scanned),
        judgement_(judgement),
        threshold_(ThresholdOf(scanned.language, judgement)),
        notes_(scanned) {}

  Result<std::vector<Weighed>> Weigh(std::vector<Match> matches) {
    std::vector<Weighed> weighed;
    for (Match& match : matches) {
      if (match.tokens() < fingerprint::kGuarantee) continue;
      ContentEvidence content = WeighContent(match, scanned_.tokens);
      // Even the best place does not lift it.
      if (Judge(content, Context::kSamePath, CoversItsStretches(match),
                threshold_) == Strength::kNothing) {
        continue;
      }
      TRY_ASSIGN(const Origin* origin, origins_.Of(match));
      Context context = ContextOf(scanned_.place, *origin);
      if (context == Context::kEarlier) continue;
      FoundOrigin found = {
          .origin = *origin, .context = context, .content = content};
      weighed.push_back({std::move(match), std::move(found)});
    }
    for (const Weighed& one : weighed)
      notes_.AddAuthor(one.match, one.found.origin);
    for (Weighed& one : weighed) Finish(&one);
    std::erase_if(weighed, [](const Weighed& one) {
      return one.found.strength == Strength::kNothing;
    });
    return weighed;
  }

 private:
  void Finish(Weighed* weighed) {
    FoundOrigin& found = weighed->found;
    std::span<const uint8_t> notes =
        notes_.For(found.origin, judgement_.background);
    found.content = WeighContent(weighed->match, scanned_.tokens, notes);
    found.context_bits = ContextBits(found.context, found.content);
    found.decisive_bits = StrongBits(found.content, threshold_);
    found.strength = Judge(found.content, found.context,
                           CoversItsStretches(weighed->match), threshold_);
    policy::TermsVerdict terms =
        policy::VerdictFor(found.origin.terms_class, judgement_.purpose,
                           judgement_.organisation_trains_models);
    found.verdict = terms.verdict;
    found.terms = terms.why;
    found.duty = terms.duty;
    std::span<const uint32_t> line = scanned_.tokens.line();
    found.document_lines = {line[weighed->match.document_begin()],
                            line[weighed->match.document_end() - 1]};
  }

  Origins origins_;
  const ScannedText& scanned_;
  const Judgement& judgement_;
  const Threshold threshold_;
  DocumentNotes notes_;
};

// What one match matches on `lines`.
FoundOrigin OnLines(const Weighed& weighed, const TokenStream& document,
                    LineRange lines) {
  FoundOrigin found = weighed.found;
  const std::vector<uint32_t>& output_line = weighed.match.stream->line;
  for (const SharedRun& run : weighed.match.runs) {
    for (uint32_t i = 0; i < run.length; ++i) {
      uint32_t line = document.line()[run.document + i];
      if (line < lines.begin || line > lines.end) continue;
      uint32_t other = output_line[run.output + i];
      if (found.tokens++ == 0) found.output_lines = {other, other};
      found.output_lines.end = std::max(found.output_lines.end, other);
    }
  }
  return found;
}

bool IsStronger(const FoundOrigin& a, const FoundOrigin& b) {
  return std::tuple(b.strength, b.bits(), a.origin.exchange, a.origin.part) <
         std::tuple(a.strength, a.bits(), b.origin.exchange, b.origin.part);
}

// One finding out of the claims [begin, end), which share lines.
Finding Combine(std::span<const Claim> claims,
                const std::vector<Weighed>& weighed, const ScannedText& scanned,
                const LineCounts& counts) {
  const TokenStream& document = scanned.tokens;
  Finding finding;
  finding.place = PlaceOf(scanned.place);
  finding.language = scanned.language;
  finding.lines = claims.front().lines;
  std::set<size_t> used;
  for (const Claim& claim : claims) {
    finding.lines.end = std::max(finding.lines.end, claim.lines.end);
    used.insert(claim.weighed);
  }
  const TokenSpan span = counts.TokensOn(finding.lines);
  finding.tokens = span.end - span.begin;
  std::vector<bool> matched(finding.tokens);
  for (size_t ordinal : used) {
    FoundOrigin found = OnLines(weighed[ordinal], document, finding.lines);
    if (found.tokens == 0) continue;
    finding.origins.push_back(std::move(found));
    for (const SharedRun& run : weighed[ordinal].match.runs) {
      const uint32_t begin = std::max(run.document, span.begin);
      const uint32_t end = std::min(run.document + run.length, span.end);
      if (begin < end) {
        std::fill(matched.begin() + (begin - span.begin),
                  matched.begin() + (end - span.begin), true);
      }
    }
  }
  finding.tokens_matched =
      static_cast<uint32_t>(std::count(matched.begin(), matched.end(), true));

  std::sort(finding.origins.begin(), finding.origins.end(), IsStronger);
  // The same part may match twice; its better match speaks for it.
  std::set<std::pair<std::string_view, uint32_t>> named;
  std::erase_if(finding.origins, [&](const FoundOrigin& found) {
    return !named.emplace(found.origin.exchange, found.origin.part).second;
  });
  return finding;
}

}  // namespace

std::string_view FindingKindName(FindingKind kind) {
  return kind == FindingKind::kMatch ? "match" : "marked";
}

FindingPlace PlaceOf(const DocumentPlace& document) {
  return {.path = std::string(document.path),
          .repository = std::string(document.repository),
          .path_in_repository = std::string(document.path_in_repository),
          .commit = std::string(document.commit),
          .record = document.record,
          .record_begin = document.record_begin,
          .record_end = document.record_end,
          .field = std::string(document.field)};
}

double FoundOrigin::echo() const {
  return content.tokens == 0
             ? 0
             : static_cast<double>(content.echoed_tokens) / content.tokens;
}

double Finding::matched_share() const {
  return tokens == 0 ? 0 : static_cast<double>(tokens_matched) / tokens;
}

double Finding::bits() const {
  return origins.empty() ? 0 : origins.front().bits();
}

Result<std::vector<Finding>> MakeFindings(const Index& index,
                                          std::vector<Match> matches,
                                          const ScannedText& scanned,
                                          const Judgement& judgement,
                                          KeepText keep_text) {
  Weighing weighing(index, scanned, judgement);
  TRY_ASSIGN(std::vector<Weighed> weighed, weighing.Weigh(std::move(matches)));
  if (weighed.empty()) return std::vector<Finding>();
  LineCounts counts(scanned.tokens, scanned.text);
  std::vector<Claim> claims;
  for (size_t i = 0; i < weighed.size(); ++i) {
    for (const LineRange& lines : counts.LinesOf(weighed[i].match))
      claims.push_back({lines, i});
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tuple(a.lines.begin, a.lines.end, a.weighed) <
           std::tuple(b.lines.begin, b.lines.end, b.weighed);
  });
  std::vector<Finding> findings;
  for (size_t begin = 0; begin < claims.size();) {
    uint32_t last = claims[begin].lines.end;
    size_t end = begin + 1;
    for (; end < claims.size() && claims[end].lines.begin <= last; ++end)
      last = std::max(last, claims[end].lines.end);
    Finding finding = Combine(std::span(claims).subspan(begin, end - begin),
                              weighed, scanned, counts);
    begin = end;
    if (finding.origins.empty()) continue;
    Decide(&finding);
    if (finding.origins.size() > kOriginsMax) {
      finding.origins_left_out = finding.origins.size() - kOriginsMax;
      finding.origins.resize(kOriginsMax);
    }
    std::string_view text = counts.TextOf(finding.lines);
    finding.byte_begin =
        static_cast<uint64_t>(text.data() - scanned.text.data());
    finding.byte_end = finding.byte_begin + text.size();
    if (keep_text == KeepText::kYes) finding.text = std::string(text);
    findings.push_back(std::move(finding));
  }
  return findings;
}

Result<TextBits> MeasureText(const Index& index, std::vector<Match> matches,
                             const ScannedText& scanned,
                             const Background* background) {
  Thresholds none;
  Judgement judgement = {.background = background, .thresholds = &none};
  Weighing weighing(index, scanned, judgement);
  TRY_ASSIGN(std::vector<Weighed> weighed, weighing.Weigh(std::move(matches)));
  const Threshold& threshold = Thresholds::BuiltIn().Of(scanned.language);
  TextBits best;
  for (const Weighed& one : weighed) {
    const ContentEvidence& content = one.found.content;
    if (content.tokens < ConstantValue("weak_tokens")) continue;
    best.reported = std::max(best.reported, content.bits());
    if (IsLong(content)) {
      best.decisive_of_long =
          std::max(best.decisive_of_long, content.decisive_bits());
    }
    if (content.novel_tokens >= threshold.strong_tokens &&
        content.decisive_bits() > best.decisive) {
      best.decisive = content.decisive_bits();
      best.content = content;
      best.origin = one.found.origin;
    }
  }
  return best;
}

}  // namespace cofferdam::evidence
