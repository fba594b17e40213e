#include "scan/pass_store.h"

#include <fmt/format.h>

namespace cofferdam::scan {

using evidence::Proposal;
using evidence::Seed;

PassProposals PassProposals::Of(uint32_t text,
                                std::span<const Proposal> proposals) {
  PassProposals copy;
  copy.text = text;
  for (const Proposal& one : proposals)
    copy.seeds.insert(copy.seeds.end(), one.seeds.begin(), one.seeds.end());
  size_t begin = 0;
  for (Proposal one : proposals) {
    const size_t count = one.seeds.size();
    one.seeds = std::span<const Seed>(copy.seeds).subspan(begin, count);
    copy.proposals.push_back(one);
    begin += count;
  }
  return copy;
}

Status PassStore::Add(uint64_t chunk, std::vector<PassProposals> of_texts) {
  for (PassProposals& one : of_texts) {
    bytes_ += sizeof one + one.proposals.size() * sizeof(Proposal) +
              one.seeds.size() * sizeof(Seed);
    if (bytes_ > bytes_max_) {
      return Error(Code::kTooLarge,
                   fmt::format("the index needs several passes, which propose "
                               "more than {} MiB; give it more --memory, or "
                               "scan less of the corpus at once",
                               bytes_max_ >> 20));
    }
    kept_[{chunk, one.text}].push_back(std::move(one));
  }
  return {};
}

void PassStore::Find(uint64_t chunk, uint32_t text,
                     std::vector<Proposal>* proposals) const {
  const auto found = kept_.find({chunk, text});
  if (found == kept_.end()) return;
  for (const PassProposals& one : found->second) {
    proposals->insert(proposals->end(), one.proposals.begin(),
                      one.proposals.end());
  }
}

}  // namespace cofferdam::scan
