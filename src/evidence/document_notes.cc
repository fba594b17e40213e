#include "evidence/document_notes.h"

#include <algorithm>

namespace cofferdam::evidence {
namespace {

// Of the layers, those whose text is older than the exchange. An exchange of
// unknown time may be as old as the first model.
size_t LayersOlderThan(const Background& background, int64_t time) {
  size_t count = 0;
  for (size_t i = 0; i < background.layers(); ++i)
    count += background.info(i).date_micros <= time ? 1 : 0;
  return count;
}

}  // namespace

void DocumentNotes::Note(uint16_t author, std::span<Authors> tokens) {
  for (Authors& authors : tokens) {
    auto place = std::find_if(
        authors.begin(), authors.end(),
        [&](uint16_t known) { return known == 0 || known == author; });
    if (place != authors.end()) *place = author;
  }
}

void DocumentNotes::NoteExactRuns(const Match& match, uint16_t author) {
  std::span<const uint64_t> raw = scanned_.tokens.raw();
  const fingerprint::EvidenceStream& output = *match.stream;
  for (const SharedRun& run : match.runs) {
    uint32_t from = 0;
    for (uint32_t i = 0; i <= run.length; ++i) {
      uint32_t at = run.output + i;
      if (i < run.length && (output.normal[at] > 2 ||
                             raw[run.document + i] >> 56 == output.name[at])) {
        continue;
      }
      if (i - from >= kExactRunMin) {
        Note(author,
             std::span(exact_authors_).subspan(run.document + from, i - from));
      }
      from = i + 1;
    }
  }
}

void DocumentNotes::AddAuthor(const Match& match, const Origin& origin) {
  std::string model = origin.provider + '\n' + origin.model;
  auto author = static_cast<uint16_t>(
      models_.emplace(std::move(model), models_.size() + 1).first->second);
  // Two models of one session saw each other's text.
  if (!origin.session.empty())
    author = session_author_.emplace(origin.session, author).first->second;
  authors_.resize(scanned_.tokens.size());
  exact_authors_.resize(scanned_.tokens.size());
  for (const SharedRun& run : match.runs)
    Note(author, std::span(authors_).subspan(run.document, run.length));
  NoteExactRuns(match, author);
  notes_.clear();
}

std::span<const uint8_t> DocumentNotes::For(const Origin& origin,
                                            const Background* background) {
  int64_t time = origin.time == 0 ? kHumanBeforeMicros : origin.time;
  size_t layers =
      background == nullptr ? 0 : LayersOlderThan(*background, time);
  auto [found, fresh] = notes_.try_emplace(layers);
  std::vector<uint8_t>& notes = found->second;
  if (!fresh) return notes;
  notes.assign(scanned_.tokens.size(), kNoNote);
  for (size_t i = 0; i < authors_.size(); ++i) {
    if (authors_[i].back() != 0) notes[i] |= kShared;
    if (exact_authors_[i].back() != 0) notes[i] |= kSharedExactly;
  }
  if (layers == 0) return notes;
  std::vector<fingerprint::TokenRange> stretches;
  background->PriorArt(scanned_.tokens.normal(), time, &stretches);
  for (const fingerprint::TokenRange& range : stretches) {
    for (uint32_t i = range.begin; i < range.end; ++i) notes[i] |= kPriorArt;
  }
  return notes;
}

}  // namespace cofferdam::evidence
