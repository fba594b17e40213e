#include "account/tally.h"

namespace cofferdam::account {

void Add(const Tally& more, Tally* sum) {
  for (const TallyField& field : kTallyFields) {
    sum->*field.member += more.*field.member;
  }
}

void Subtract(const Tally& less, Tally* sum) {
  for (const TallyField& field : kTallyFields) {
    sum->*field.member -= less.*field.member;
  }
}

}  // namespace cofferdam::account
