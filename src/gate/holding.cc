#include "gate/holding.h"

#include <utility>

namespace cofferdam::gate {

Status Holding::Reserve(policy::Book& book, policy::HoldFile& file,
                        const policy::Charge& charge, policy::Amount bound,
                        const policy::HeldExchange& exchange,
                        policy::CapRefusal* refusal) {
  TRY_ASSIGN(policy::Hold hold, book.Reserve(charge, bound, refusal));
  auto slot = file.Put(exchange);
  if (!slot.ok()) {
    book.Release(std::move(hold));
    return std::move(slot).error();
  }
  book_ = &book;
  file_ = &file;
  hold_ = std::move(hold);
  slot_ = *slot;
  return {};
}

void Holding::Settle(policy::Amount used) {
  for (policy::RateTicket& ticket : rates_) ticket.Settle(used.tokens);
  rates_.clear();
  std::exchange(capacity_, {}).Settle(used.tokens);
  if (!hold_) return;
  book_->Settle(std::move(hold_), used);
  Free();
}

void Holding::Release() {
  for (policy::RateTicket& ticket : rates_) ticket.Settle(0);
  rates_.clear();
  std::exchange(capacity_, {}).Settle(0);
  if (!hold_) return;
  book_->Release(std::move(hold_));
  Free();
}

void Holding::Free() { file_->Free(slot_); }

}  // namespace cofferdam::gate
