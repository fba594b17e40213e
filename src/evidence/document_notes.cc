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

void DocumentNotes::AddAuthor(const Match& match, const Origin& origin) {
  std::string model = origin.provider + '\n' + origin.model;
  auto author = static_cast<uint16_t>(
      models_.emplace(std::move(model), models_.size() + 1).first->second);
  // Two models of one session saw each other's text.
  if (!origin.session.empty())
    author = session_author_.emplace(origin.session, author).first->second;
  authors_.resize(scanned_.tokens.size());
  for (const SharedRun& run : match.runs) {
    for (uint32_t i = run.document; i < run.document + run.length; ++i) {
      Authors& authors = authors_[i];
      auto place = std::find_if(
          authors.begin(), authors.end(),
          [&](uint16_t known) { return known == 0 || known == author; });
      if (place != authors.end()) *place = author;
    }
  }
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
  for (size_t i = 0; i < authors_.size(); ++i)
    if (authors_[i].back() != 0) notes[i] |= kShared;
  if (layers == 0) return notes;
  std::vector<fingerprint::TokenRange> stretches;
  background->PriorArt(scanned_.tokens.normal(), time, &stretches);
  for (const fingerprint::TokenRange& range : stretches) {
    for (uint32_t i = range.begin; i < range.end; ++i) notes[i] |= kPriorArt;
  }
  return notes;
}

}  // namespace cofferdam::evidence
