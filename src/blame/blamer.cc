#include "blame/blamer.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "blame/claimed_lines_internal.h"
#include "blame/line_verdict_internal.h"
#include "blame/line_votes_internal.h"
#include "blame/token_alignment_internal.h"
#include "corpus/line_history.h"
#include "evidence/background.h"
#include "evidence/proposer.h"
#include "fingerprint/lex.h"

namespace cofferdam::blame {
namespace {

using evidence::Context;
using evidence::Origin;
using fingerprint::EvidenceStream;

// What a chain must tell, in bits. Where the output was written to this file:
// if it is most of the output, and if it is a piece of it; ...
constexpr double kWholeBitsMin = 6;
constexpr double kPieceBitsMin = 24;
constexpr double kWholeShare = 0.8;
// ... the same where only the last two names of its path are this file's; ...
constexpr double kNearBitsMin = 24;
// ... if it stands here a second time; ...
constexpr double kAgainBitsMin = 40;
// ... where it was written elsewhere in the repository, of what nothing else
// explains.
constexpr double kElsewhereBitsMin = 40;
// What human text explains tells so much of it.
constexpr double kPriorShare = 0.25;
// Chains of one output in one file.
constexpr size_t kChainsMax = 12;
// Chains that tell nearly the same are told apart by their times.
constexpr double kNearlyShare = 0.95;

// An output is looked at for so many shared tokens; a stranger's for more.
constexpr size_t kCandidateTokensMin = fingerprint::kGuarantee;
constexpr uint32_t kStrangerTokensMin = 20;
constexpr size_t kKeptTokensMax = size_t{12} << 20;

// An output that may have lines of the text.
struct Candidate {
  uint32_t segment = 0;
  uint32_t output = 0;
  const Origin* origin = nullptr;
  Context context = Context::kNone;
};

}  // namespace

std::string_view LineClassName(LineClass line_class) {
  switch (line_class) {
    case LineClass::kModel:
      return "model";
    case LineClass::kMixed:
      return "mixed";
    case LineClass::kHuman:
      return "human";
    case LineClass::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view BasisName(Basis basis) {
  switch (basis) {
    case Basis::kNone:
      return "none";
    case Basis::kContent:
      return "content";
    case Basis::kClaim:
      return "claim";
    case Basis::kTime:
      return "time";
  }
  return "none";
}

struct Blamer::State {
  State(const fingerprint::Index& over, const RepositoryOutputs& of_repository,
        BlamerOptions given)
      : index(over),
        outputs(of_repository),
        options(std::move(given)),
        proposer(over, options.background,
                 {.candidate_tokens_min = kCandidateTokensMin}),
        matcher(over, options.token_model, {}) {}

  using Stream = std::shared_ptr<const EvidenceStream>;

  Result<Stream> Read(uint32_t segment, uint32_t output);
  Result<std::vector<Candidate>> Candidates(const BlamedText& text);
  void AddWrittenHere(const BlamedText& text, std::set<size_t>* here,
                      std::vector<Candidate>* candidates) const;
  Status AddStrangers(const BlamedText& text,
                      std::span<const evidence::Proposal> proposals,
                      std::vector<Candidate>* candidates);
  Status Vote(const BlamedText& text, uint32_t ordinal,
              const Candidate& candidate, LineVotes* votes);
  std::vector<TokenChain> Believed(const BlamedText& text,
                                   const Candidate& candidate,
                                   const EvidenceStream& stream,
                                   std::vector<TokenChain> chains);
  double NovelBits(const TokenChain& chain, const EvidenceStream& stream);
  void Prefer(const BlamedText& text, int64_t time,
              std::vector<TokenChain>* chains) const;
  int64_t CommitTime(const BlamedText& text, uint32_t line) const;
  void TellTimes(const BlamedText& text, BlamedFile* file) const;

  const fingerprint::Index& index;
  const RepositoryOutputs& outputs;
  const BlamerOptions options;
  evidence::Proposer proposer;
  evidence::Matcher matcher;
  evidence::ProposerCounts proposed;
  evidence::MatchCounts matched;
  std::unordered_map<uint64_t, Stream> streams;
  size_t kept_tokens = 0;

  // The text at hand.
  fingerprint::TokenStream tokens;
  const AlignedDocument* document = nullptr;
  std::vector<Origin> strangers;
  // Lines that a scan would report, by the candidate.
  std::unordered_map<uint64_t, std::vector<evidence::LineRange>> reported;
  std::vector<bool> prior;  // tokens that stand in human text
  bool prior_known = false;
};

Result<Blamer::State::Stream> Blamer::State::Read(uint32_t segment,
                                                  uint32_t output) {
  const uint64_t place = uint64_t{segment} << 32 | output;
  if (const auto found = streams.find(place); found != streams.end())
    return found->second;
  TRY_ASSIGN(EvidenceStream stream, index.segment(segment).Evidence(output));
  if (kept_tokens + stream.size() > kKeptTokensMax) {
    streams.clear();
    kept_tokens = 0;
  }
  kept_tokens += stream.size();
  return streams
      .emplace(place, std::make_shared<const EvidenceStream>(std::move(stream)))
      .first->second;
}

int64_t Blamer::State::CommitTime(const BlamedText& text, uint32_t line) const {
  if (text.file == nullptr) return 0;
  const corpus::HistoryCommit& commit =
      text.history->commits[text.file->lines[line].commit];
  // What the oldest commits of a shallow clone have may be older.
  return commit.committed_micros;
}

// Adds what was written to a path of the text, or one like it.
void Blamer::State::AddWrittenHere(const BlamedText& text,
                                   std::set<size_t>* here,
                                   std::vector<Candidate>* candidates) const {
  std::vector<std::string_view> paths = {text.path};
  if (text.file != nullptr) {
    for (uint32_t path : text.file->former_paths)
      paths.push_back(text.history->paths[path]);
  }
  const auto add = [&](const std::vector<uint32_t>& ordinals, Context context) {
    for (uint32_t ordinal : ordinals) {
      if (!here->insert(ordinal).second) continue;
      const RepositoryOutputs::Output& output = outputs.all()[ordinal];
      candidates->push_back(
          {output.segment, output.output, &output.origin, context});
    }
  };
  for (std::string_view path : paths)
    add(outputs.WrittenTo(path), Context::kSamePath);
  for (std::string_view path : paths)
    add(outputs.WrittenNear(path), Context::kPath);
}

Result<std::vector<Candidate>> Blamer::State::Candidates(
    const BlamedText& text) {
  std::vector<Candidate> candidates;
  std::set<size_t> here;
  AddWrittenHere(text, &here, &candidates);
  if (outputs.all().size() == here.size() &&
      options.strangers == BlamerOptions::Strangers::kSkip) {
    return candidates;
  }
  TRY_ASSIGN(const auto proposals,
             proposer.Propose(text.text, text.language, &proposed));
  std::vector<evidence::Proposal> others;
  for (const evidence::Proposal& proposal : proposals) {
    const size_t ordinal = outputs.Find(proposal.segment, proposal.output);
    if (ordinal == SIZE_MAX) {
      if (proposal.rare_tokens >= kStrangerTokensMin)
        others.push_back(proposal);
    } else if (!here.contains(ordinal)) {
      candidates.push_back({proposal.segment, proposal.output,
                            &outputs.all()[ordinal].origin,
                            Context::kRepository});
    }
  }
  if (!others.empty() &&
      options.strangers == BlamerOptions::Strangers::kSearch) {
    TRY(AddStrangers(text, others, &candidates));
  }
  return candidates;
}

// Adds the outputs that a scan would name as strong origins.
Status Blamer::State::AddStrangers(
    const BlamedText& text, std::span<const evidence::Proposal> proposals,
    std::vector<Candidate>* candidates) {
  TRY_ASSIGN(std::vector<evidence::Match> matches,
             matcher.Align(tokens, text.language, proposals, &matched));
  if (matches.empty()) return {};
  std::set<std::pair<uint32_t, uint32_t>> places;
  for (const evidence::Match& match : matches)
    places.emplace(match.segment, match.output);
  evidence::Judgement judgement;
  judgement.background = options.background;
  TRY_ASSIGN(const std::vector<evidence::Finding> findings,
             MakeFindings(index, std::move(matches),
                          {.tokens = tokens,
                           .text = text.text,
                           .language = text.language,
                           .place = {.path = text.path,
                                     .repository = options.repository,
                                     .path_in_repository = text.path}},
                          judgement, evidence::KeepText::kNo));
  if (findings.empty()) return {};
  strangers.reserve(strangers.size() + places.size());
  for (const auto& [segment, output] : places) {
    TRY_ASSIGN(const auto row, index.segment(segment).output(output));
    TRY_ASSIGN(Origin origin, evidence::ParseOrigin(row.descriptor));
    std::vector<evidence::LineRange> lines;
    for (const evidence::Finding& finding : findings) {
      for (const evidence::FoundOrigin& found : finding.origins) {
        if (found.strength == evidence::Strength::kStrong &&
            found.origin.exchange == origin.exchange &&
            found.origin.part == origin.part) {
          lines.push_back(finding.lines);
        }
      }
    }
    if (lines.empty()) continue;
    strangers.push_back(std::move(origin));
    reported[uint64_t{segment} << 32 | output] = std::move(lines);
    candidates->push_back({segment, output, &strangers.back(), Context::kNone});
  }
  return {};
}

// What a chain tells that neither the prompt nor human text explains.
double Blamer::State::NovelBits(const TokenChain& chain,
                                const EvidenceStream& stream) {
  if (!prior_known) {
    prior_known = true;
    prior.assign(tokens.size(), false);
    if (options.background != nullptr) {
      std::vector<fingerprint::TokenRange> stretches;
      options.background->PriorArt(tokens.normal(),
                                   evidence::kHumanBeforeMicros, &stretches);
      for (const fingerprint::TokenRange& range : stretches) {
        for (uint32_t i = range.begin; i < range.end; ++i) prior[i] = true;
      }
    }
  }
  double bits = 0;
  auto quoted = stream.quoted.begin();
  for (const TokenPair& pair : chain.pairs) {
    while (quoted != stream.quoted.end() && quoted->end <= pair.output)
      ++quoted;
    const bool is_quoted =
        quoted != stream.quoted.end() && quoted->begin <= pair.output;
    if (is_quoted) continue;
    bits += (prior[pair.document] ? kPriorShare : 1) *
            document->Bits(pair.document, pair.exact);
  }
  return bits;
}

// Of chains that tell the same, the one whose lines were committed soonest
// after the output was written comes first.
void Blamer::State::Prefer(const BlamedText& text, int64_t time,
                           std::vector<TokenChain>* chains) const {
  if (time == 0 || text.file == nullptr) return;
  const auto wait = [&](const TokenChain& chain) {
    const int64_t then =
        CommitTime(text, tokens.line()[chain.pairs.front().document] - 1);
    // Nothing is younger than what is not committed.
    if (then == 0) return INT64_MAX - 1;
    return then + kClockSkewMicros < time ? INT64_MAX : then - time;
  };
  const double enough = kNearlyShare * chains->front().bits;
  size_t best = 0;
  for (size_t i = 1; i < chains->size(); ++i) {
    if ((*chains)[i].bits >= enough &&
        wait((*chains)[i]) < wait((*chains)[best]))
      best = i;
  }
  if (best == 0) return;
  (*chains)[best].again = (*chains)[0].again;
  (*chains)[0].again = true;
  std::swap((*chains)[0], (*chains)[best]);
}

std::vector<TokenChain> Blamer::State::Believed(
    const BlamedText& text, const Candidate& candidate,
    const EvidenceStream& stream, std::vector<TokenChain> chains) {
  if (chains.empty()) return chains;
  if (candidate.context == Context::kSamePath)
    Prefer(text, candidate.origin->time, &chains);
  std::erase_if(chains, [&](const TokenChain& chain) {
    if (candidate.context == Context::kNone) return false;
    if (candidate.context == Context::kRepository)
      return NovelBits(chain, stream) < kElsewhereBitsMin;
    if (chain.again) return chain.bits < kAgainBitsMin;
    if (candidate.context == Context::kPath) return chain.bits < kNearBitsMin;
    const bool whole = static_cast<double>(chain.pairs.size()) >=
                       kWholeShare * static_cast<double>(stream.size());
    return chain.bits < (whole ? kWholeBitsMin : kPieceBitsMin);
  });
  return chains;
}

Status Blamer::State::Vote(const BlamedText& text, uint32_t ordinal,
                           const Candidate& candidate, LineVotes* votes) {
  TRY_ASSIGN(const Stream stream, Read(candidate.segment, candidate.output));
  const bool here = candidate.context == Context::kSamePath;
  std::vector<TokenChain> chains =
      Believed(text, candidate, *stream,
               document->Align(*stream, here ? kWholeBitsMin : kPieceBitsMin,
                               kChainsMax));
  const int64_t time = candidate.origin->time;
  const std::vector<evidence::LineRange>* ranges = nullptr;
  if (candidate.context == Context::kNone) {
    ranges = &reported[uint64_t{candidate.segment} << 32 | candidate.output];
  }
  votes->Add(ordinal, chains, *stream, [&](uint32_t line) {
    const int64_t then = CommitTime(text, line);
    if (time != 0 && then != 0 && time > then + kClockSkewMicros) return false;
    return ranges == nullptr ||
           std::any_of(ranges->begin(), ranges->end(),
                       [line](const evidence::LineRange& range) {
                         return range.begin <= line + 1 && line < range.end;
                       });
  });
  return {};
}

// Lines that are older than what could have written them.
void Blamer::State::TellTimes(const BlamedText& text, BlamedFile* file) const {
  if (text.file == nullptr) return;
  const int64_t first =
      std::max(outputs.first_exchange_micros(), evidence::kHumanBeforeMicros);
  for (uint32_t i = 0; i < file->lines.size(); ++i) {
    BlamedLine& line = file->lines[i];
    const int64_t then = CommitTime(text, i);
    if (line.line_class == LineClass::kUnknown && then != 0 && then < first) {
      line.line_class = LineClass::kHuman;
      line.basis = Basis::kTime;
    }
  }
}

Blamer::Blamer(const fingerprint::Index& index,
               const RepositoryOutputs& outputs, BlamerOptions options)
    : state_(std::make_unique<State>(index, outputs, std::move(options))) {}
Blamer::Blamer(Blamer&&) noexcept = default;
Blamer::~Blamer() = default;

namespace {

// Replaces candidates by origins of the file, those that are used, in the order
// of its lines.
void NameOrigins(const std::vector<Candidate>& candidates,
                 const std::vector<VotedLine>& lines, BlamedFile* file) {
  std::vector<uint32_t> names(candidates.size(), kNone);
  for (uint32_t i = 0; i < file->lines.size(); ++i) {
    BlamedLine& line = file->lines[i];
    if (line.origin == kNone) continue;
    const uint32_t ordinal = line.origin;
    uint32_t& name = names[ordinal];
    if (name == kNone) {
      name = static_cast<uint32_t>(file->origins.size());
      evidence::FoundOrigin& found = file->origins.emplace_back();
      found.origin = *candidates[ordinal].origin;
      found.context = candidates[ordinal].context;
      found.strength = evidence::Strength::kStrong;
      found.document_lines = {i + 1, i + 1};
    }
    evidence::FoundOrigin& found = file->origins[name];
    found.document_lines.end = i + 1;
    found.content.token_bits = std::max(found.content.token_bits, line.bits);
    for (const LineVote& vote : lines[i].votes) {
      if (vote.candidate != ordinal) continue;
      found.tokens += vote.exact;
      found.content.tokens += vote.exact;
      if (found.output_lines.begin == 0 ||
          vote.first_output_line < found.output_lines.begin) {
        found.output_lines.begin = vote.first_output_line;
      }
      found.output_lines.end =
          std::max(found.output_lines.end, vote.last_output_line);
    }
    line.origin = name;
  }
}

}  // namespace

Result<BlamedFile> Blamer::Blame(const BlamedText& text) {
  State& state = *state_;
  fingerprint::Lex(text.text, text.language, &state.tokens);
  const AlignedDocument document(state.tokens, text.text);
  state.document = &document;
  state.strangers.clear();
  state.reported.clear();
  state.prior_known = false;
  LineVotes votes(document, state.tokens, text.text);
  CHECK(text.file == nullptr ||
        text.file->lines.size() == votes.lines().size());
  TRY_ASSIGN(const std::vector<Candidate> candidates, state.Candidates(text));
  std::vector<int64_t> times;
  for (uint32_t i = 0; i < candidates.size(); ++i) {
    times.push_back(candidates[i].origin->time);
    TRY(state.Vote(text, i, candidates[i], &votes));
  }
  BlamedFile file{.path = std::string(text.path), .lines = {}, .origins = {}};
  file.lines = DecideLines(votes, votes.lines(), times, text);
  NameOrigins(candidates, votes.lines(), &file);
  state.TellTimes(text, &file);
  ApplyClaims(text, &file);
  return file;
}

}  // namespace cofferdam::blame
