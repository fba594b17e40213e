#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/provider_names.h"

namespace cofferdam::wire {
namespace {

class CountMeter : public Meter {
 public:
  explicit CountMeter(Operation operation) { answer_.operation = operation; }

  void OnEvent(std::string_view, std::string_view) override {
    if (answer_.operation == Operation::kCountTokens) ++answer_.bad_events;
  }

  void OnBody(std::string_view body) override {
    if (answer_.operation == Operation::kPass) {
      // A file, a list: whatever it is, it is whole.
      answer_.ended = true;
      return;
    }
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

std::unique_ptr<Meter> MakeCountMeter(Operation operation) {
  return std::make_unique<CountMeter>(operation);
}

}  // namespace cofferdam::wire
