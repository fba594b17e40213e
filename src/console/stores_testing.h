#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "console/stores.h"
#include "ledger/records_testing.h"

namespace cofferdam::console {

// The stores of a data folder that goes with the test.
class StoresTest : public testing::Test {
 protected:
  void SetUp() override { OpenStores(); }

  void OpenStores() {
    auto opened = Stores::Open(options_, SystemClock(), SystemRandom(),
                               ledger::QuietLogger());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    stores_ = *std::move(opened);
  }

  // The person's id.
  std::string AddPerson(const std::string& email) {
    auto person = stores_->policy().AddPerson(email, "red", "local");
    EXPECT_TRUE(person.ok());
    return person.ok() ? person->id : "";
  }
  // A key of a person who is known already.
  policy::CreatedKey AddKey(const std::string& email, policy::Role role) {
    auto key = stores_->policy().CreateKey(email, role, std::nullopt, "local");
    EXPECT_TRUE(key.ok());
    return key.ok() ? *std::move(key) : policy::CreatedKey{};
  }
  // An exchange of one part "text", of that person; its id.
  std::string AddExchange(uint64_t number, const std::string& text,
                          const std::string& person = "") {
    ledger::ExchangeDraft draft = ledger::TestDraft(number, text);
    draft.exchange.origin.person = person;
    auto receipt = stores_->ledger().AppendSync(std::move(draft));
    EXPECT_TRUE(receipt.ok());
    return ledger::TestId(number).ToString();
  }
  // The newest row of the audit.
  policy::AuditRow LastAudit() {
    auto rows = stores_->policy().ListAudit(1);
    return rows.ok() && !rows->empty() ? rows->front() : policy::AuditRow{};
  }

  ledger::TestFolder folder_;
  StoresOptions options_{.folder = folder_.In("data"), .ledger = {}};
  std::unique_ptr<Stores> stores_;
};

inline JsonDocument Parsed(const std::string& json) {
  auto document = JsonDocument::Parse(json);
  CHECK_OK(document);
  return *std::move(document);
}

}  // namespace cofferdam::console
