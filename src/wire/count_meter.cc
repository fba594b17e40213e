#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/provider_names.h"

namespace cofferdam::wire {
namespace {

class CountMeter : public Meter {
 public:
  CountMeter() { answer_.operation = Operation::kCountTokens; }

  void OnEvent(std::string_view, std::string_view) override {
    ++answer_.bad_events;
  }

  void OnBody(std::string_view body) override {
    Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
    if (!json.ok()) {
      ++answer_.bad_events;
      return;
    }
    answer_.error_type = ErrorNameOf(json->document.root());
    answer_.ended = true;
  }

  bool ended() const override { return answer_.ended; }
  Answer Finish() override { return std::move(answer_); }

 private:
  Answer answer_;
};

}  // namespace

std::unique_ptr<Meter> MakeCountMeter() {
  return std::make_unique<CountMeter>();
}

}  // namespace cofferdam::wire
