#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "blame/line_votes_internal.h"

namespace cofferdam::blame {
namespace {

using fingerprint::EvidenceStream;

// A line that was put elsewhere among those that the model wrote with it, as
// formatters sort imports, must tell at least so much, ...
constexpr double kMovedBitsMin = 3.5;
// ... and stand so near to the others.
constexpr uint32_t kMovedLinesMax = 40;

bool IsQuoted(const EvidenceStream& stream, uint32_t token) {
  const auto after =
      std::upper_bound(stream.quoted.begin(), stream.quoted.end(), token,
                       [](uint32_t t, const fingerprint::TokenRange& range) {
                         return t < range.begin;
                       });
  return after != stream.quoted.begin() && std::prev(after)->end > token;
}

}  // namespace

bool VotedLine::blank() const {
  return text.find_first_not_of(" \t\r\f\v") == std::string_view::npos;
}

LineVotes::LineVotes(const AlignedDocument& document,
                     const fingerprint::TokenStream& tokens,
                     std::string_view text)
    : document_(document),
      tokens_(tokens),
      text_(text),
      models_(tokens.size()),
      standing_(tokens.size()) {
  SplitLines(text);
}

void LineVotes::SplitLines(std::string_view text) {
  uint32_t token = 0;
  const auto size = static_cast<uint32_t>(tokens_.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    VotedLine line;
    line.text = text.substr(at, end - at);
    // A token that ends behind the line's first byte goes on here.
    if (token > 0 && tokens_.end()[token - 1] > at + 1) line.inside = token - 1;
    line.token_begin = token;
    while (token < size && tokens_.begin()[token] <= end) ++token;
    line.token_end = token;
    lines_.push_back(std::move(line));
    at = end + 1;
  }
}

uint8_t LineVotes::ByteOf(uint32_t token) const {
  const uint32_t begin = tokens_.begin()[token];
  return tokens_.end()[token] == begin + 1 ? static_cast<uint8_t>(text_[begin])
                                           : uint8_t{0};
}

void LineVotes::Add(uint32_t candidate, const std::vector<TokenChain>& chains,
                    const EvidenceStream& stream, const MayCome& may_come) {
  if (chains.empty()) return;
  std::fill(standing_.begin(), standing_.end(), Standing());
  for (const TokenChain& chain : chains) {
    for (const TokenPair& pair : chain.pairs) {
      Standing& standing = standing_[pair.document];
      if (standing.output != kNone && (standing.exact || !pair.exact)) continue;
      standing = {pair.output, pair.exact, IsQuoted(stream, pair.output),
                  static_cast<float>(chain.bits)};
    }
  }
  AddMovedLines(chains, stream);
  AddBrackets();
  for (uint32_t line = 0; line < lines_.size(); ++line) {
    if (lines_[line].has_tokens() && may_come(line))
      CountLine(line, candidate, stream);
  }
}

// Lines that the output has as they are, though not in this order. Each line of
// the output serves once.
void LineVotes::AddMovedLines(const std::vector<TokenChain>& chains,
                              const EvidenceStream& stream) {
  std::vector<bool> used(stream.size());
  uint32_t first_line = UINT32_MAX;
  uint32_t last_line = 0;
  for (const TokenChain& chain : chains) {
    if (chain.again) continue;
    for (const TokenPair& pair : chain.pairs)
      used[pair.output] = used[pair.output] || pair.exact;
    first_line =
        std::min(first_line, tokens_.line()[chain.pairs.front().document] - 1);
    last_line =
        std::max(last_line, tokens_.line()[chain.pairs.back().document] - 1);
  }
  if (first_line == UINT32_MAX) return;
  // Beginnings of the output's unused lines by their length.
  std::unordered_multimap<uint32_t, uint32_t> unused;
  for (uint32_t j = 0; j < stream.size();) {
    uint32_t end = j;
    bool all_used = true;
    while (end < stream.size() && stream.line[end] == stream.line[j])
      all_used &= used[end++];
    if (!all_used) unused.emplace(end - j, j);
    j = end;
  }
  if (unused.empty()) return;
  const uint32_t from = first_line - std::min(first_line, kMovedLinesMax);
  const uint32_t to = std::min(last_line + kMovedLinesMax + 1,
                               static_cast<uint32_t>(lines_.size()));
  for (uint32_t line = from; line < to; ++line) {
    const VotedLine& voted = lines_[line];
    const uint32_t length = voted.token_end - voted.token_begin;
    if (length == 0 || voted.inside != kNone) continue;
    double bits = 0;
    bool found = true;
    for (uint32_t i = voted.token_begin; i < voted.token_end; ++i) {
      bits += document_.Bits(i, true);
      found &= standing_[i].output != kNone && standing_[i].exact;
    }
    if (found || bits < kMovedBitsMin) continue;
    auto [begin, end] = unused.equal_range(length);
    for (auto at = begin; at != end; ++at) {
      uint32_t same = 0;
      while (same < length && document_.Exact(voted.token_begin + same, stream,
                                              at->second + same)) {
        ++same;
      }
      if (same < length) continue;
      for (uint32_t i = 0; i < length; ++i) {
        const uint32_t output = at->second + i;
        standing_[voted.token_begin + i] = {
            output, true, IsQuoted(stream, output),
            static_cast<float>(chains.front().bits)};
      }
      unused.erase(at);
      break;
    }
  }
}

// Brackets and commas that a formatter put between tokens that follow each
// other in the output; not a pair with nothing in it, which is a call.
void LineVotes::AddBrackets() {
  const auto size = static_cast<uint32_t>(standing_.size());
  for (uint32_t i = 1; i < size; ++i) {
    if (standing_[i].output != kNone || standing_[i - 1].output == kNone)
      continue;
    uint32_t end = i;
    bool only = true;
    for (; end < size && standing_[end].output == kNone && only; ++end) {
      const uint8_t byte = ByteOf(end);
      only = byte == '(' || byte == ')' || byte == ',';
      if (byte == ')' && ByteOf(end - 1) == '(') only = false;
    }
    const Standing before = standing_[i - 1];
    if (only && before.exact && end < size && standing_[end].exact &&
        standing_[end].output == before.output + 1) {
      std::fill(standing_.begin() + i, standing_.begin() + end, before);
    }
    i = std::max(i, end - 1);
  }
}

void LineVotes::CountLine(uint32_t line, uint32_t candidate,
                          const EvidenceStream& stream) {
  VotedLine& voted = lines_[line];
  LineVote vote = {.candidate = candidate};
  const auto count = [&](uint32_t token) {
    const Standing& standing = standing_[token];
    if (standing.output == kNone) return;
    const uint32_t output_line = stream.line[standing.output];
    if (vote.exact + vote.quoted + vote.same == 0)
      vote.first_output_line = output_line;
    vote.last_output_line = output_line;
    vote.chain_bits =
        std::max(vote.chain_bits, static_cast<double>(standing.chain_bits));
    if (!standing.exact) {
      ++vote.same;
      return;
    }
    const double bits = document_.Bits(token, true);
    (standing.quoted ? vote.quoted_bits : vote.exact_bits) += bits;
    ++(standing.quoted ? vote.quoted : vote.exact);
    if (!standing.quoted) models_[token] = true;
  };
  if (voted.inside != kNone) count(voted.inside);
  for (uint32_t i = voted.token_begin; i < voted.token_end; ++i) count(i);
  if (vote.exact + vote.quoted + vote.same == 0) return;
  const auto follows = [&](uint32_t before, uint32_t after) {
    return standing_[before].output != kNone &&
           standing_[after].output != kNone &&
           standing_[after].output <= standing_[before].output + 1 &&
           standing_[after].output >= standing_[before].output;
  };
  const auto size = static_cast<uint32_t>(standing_.size());
  const uint32_t begin =
      voted.inside != kNone ? voted.inside : voted.token_begin;
  vote.gapless = (begin > 0 && follows(begin - 1, begin)) ||
                 (voted.token_end > begin && voted.token_end < size &&
                  follows(voted.token_end - 1, voted.token_end)) ||
                 // All of it is the output's, and nothing else is.
                 voted.token_end - begin == stream.size();
  voted.votes.push_back(vote);
}

}  // namespace cofferdam::blame
