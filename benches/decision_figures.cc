#include "benches/decision_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "base/random.h"
#include "benches/process.h"
#include "policy/law.h"

namespace cofferdam::bench {
namespace {

using policy::Decision;
using policy::Law;
using policy::Question;

constexpr int kRules = 1000;
constexpr int kTeams = 120;
constexpr int kPeople = 5000;
constexpr int kRepos = 2000;
constexpr std::string_view kTools[] = {"claude-code", "codex", "gemini-cli",
                                       "opencode", "cursor"};
constexpr std::string_view kModels[] = {"claude-opus-4-8", "claude-haiku-4-5",
                                        "gpt-5.5",         "gpt-5.5-mini",
                                        "gemini-3-pro",    "llama-3.1-70b"};
constexpr std::string_view kContracts[] = {"anthropic", "openai", "google",
                                           "inhouse"};
constexpr std::string_view kPurposes[] = {"product", "research",
                                          "training-code", "data-generation"};

std::string Repo(uint64_t i) {
  return fmt::format("github.com/acme-{}/service-{}", i % 40, i);
}

// What a large company may come to: rules about repositories, teams and
// people, each narrowed by one or two other things, so that most requests pass
// hundreds of them by.
std::string MadeUpLaw(SeededRandom* random) {
  std::string text = "ask = \"the platform team\"\n";
  for (int i = 0; i < kRules; ++i) {
    text += fmt::format("[[rule]]\nname = \"rule-{}\"\n", i);
    switch (i % 8) {
      case 0:
        text += fmt::format("repo = \"{}*\"\npurpose = \"data-generation\"\n",
                            Repo(random->Below(kRepos)));
        break;
      case 1:
        text += fmt::format(
            "repo = \"github.com/acme-{}/*\"\nmodel = "
            "[\"gpt-*\", \"*-mini\"]\ngrade = \"attested\"\n",
            random->Below(40));
        break;
      case 2:
        text += fmt::format("team = \"team-{}\"\ntool = \"cursor\"\n",
                            random->Below(kTeams));
        break;
      case 3:
        text += fmt::format("person = \"engineer{}@example.com\"\n",
                            random->Below(kPeople));
        break;
      case 4:
        text += fmt::format("tool = \"{}\"\ntool_version = \"<1.{}\"\n",
                            kTools[random->Below(5)], i);
        break;
      case 5:
        text += fmt::format(
            "contract = \"{}\"\nteam = [\"team-{}\", "
            "\"team-{}\"]\npurpose = \"training-code\"\n",
            kContracts[random->Below(4)], random->Below(kTeams),
            random->Below(kTeams));
        break;
      case 6:
        text += fmt::format(
            "person = \"*@contractor-{}.example\"\ntime = "
            "\"Mon-Fri 18:00-0{}:00\"\n",
            i, 1 + i % 8);
        break;
      default:
        text += fmt::format(
            "repo = \"*/service-{}\"\nnot_team = "
            "\"team-{}\"\nmodel = \"claude-*\"\n",
            random->Below(kRepos), random->Below(kTeams));
    }
    text += "effect = \"deny\"\nreason = \"for the bench\"\n";
  }
  return text;
}

// Requests of a working day, with what their views point to.
struct Day {
  std::vector<std::string> texts;
  std::vector<std::string_view> teams;
  std::vector<Question> questions;
};

Day MadeUpDay(SeededRandom* random, size_t count) {
  Day day;
  day.texts.reserve(count * 3);
  day.teams.reserve(count * 3);
  auto keep = [&](std::string text) {
    return std::string_view(day.texts.emplace_back(std::move(text)));
  };
  for (size_t i = 0; i < count; ++i) {
    const size_t first_team = day.teams.size();
    day.teams.push_back(keep(fmt::format("team-{}", random->Below(kTeams))));
    day.teams.push_back("engineering");
    day.teams.push_back("company");
    Question question;
    question.email =
        keep(fmt::format("engineer{}@example.com", random->Below(kPeople)));
    question.team = day.teams[first_team];
    question.teams = {&day.teams[first_team], 3};
    question.tool = kTools[random->Below(4)];
    question.tool_version = "2.1.34";
    question.provider = kContracts[random->Below(4)];
    question.model = kModels[random->Below(6)];
    question.contract = question.provider;
    question.repo = keep(Repo(random->Below(kRepos)));
    question.path = "/v1/messages";
    question.purpose = kPurposes[random->Below(4)];
    question.grade = policy::Grade::kSession;
    question.terms_class = policy::TermsClass::kForbidCompete;
    question.now_micros = static_cast<int64_t>(
        random->Below(uint64_t{policy::kWeekMinutes} * 60'000'000));
    day.questions.push_back(question);
  }
  return day;
}

// Nanoseconds of each call, the clock's own included.
template <typename Call>
std::vector<double> Time(const Day& day, int rounds, const Call& call) {
  using std::chrono::steady_clock;
  std::vector<double> samples;
  samples.reserve(day.questions.size() * static_cast<size_t>(rounds));
  size_t decided = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const Question& question : day.questions) {
      const auto begin = steady_clock::now();
      decided += call(question) ? 1 : 0;
      const auto end = steady_clock::now();
      samples.push_back(static_cast<double>((end - begin).count()));
    }
  }
  if (decided > samples.size()) Fail("more decisions than questions");
  return samples;
}

std::shared_ptr<const Law> Parse(const std::string& text) {
  auto law = Law::Parse(text, "bench", {});
  if (!law.ok()) Fail(law.error().message());
  return *law;
}

// Nothing that an index could look up: every rule is tried on its repository.
std::string WorstLaw() {
  std::string text = "ask = \"the platform team\"\n";
  for (int i = 0; i < kRules; ++i) {
    text += fmt::format(
        "[[rule]]\nname = \"rule-{}\"\nrepo = \"*x{}x*\"\n"
        "effect = \"deny\"\nreason = \"for the bench\"\n",
        i, i);
  }
  return text;
}

}  // namespace

std::vector<Figure> DecisionFigures(const Options& options) {
  SeededRandom random(4);
  const std::shared_ptr<const Law> law = Parse(MadeUpLaw(&random));
  const Day day = MadeUpDay(&random, options.quick ? 500 : 5000);
  const int rounds = options.quick ? 4 : 40;
  auto decide = [](const std::shared_ptr<const Law>& by) {
    return [&by](const Question& question) {
      return by->Decide(question).rule != nullptr;
    };
  };
  auto one_by_one = [&law](const Question& question) {
    return std::any_of(law->rules().begin(), law->rules().end(),
                       [&](const policy::Rule& rule) {
                         return policy::Holds(rule.when, question);
                       });
  };
  std::vector<double> indexed = Time(day, rounds, decide(law));
  std::vector<double> plain = Time(day, 1, one_by_one);
  const std::shared_ptr<const Law> worst = Parse(WorstLaw());
  std::vector<double> unlucky = Time(day, 1, decide(worst));
  const double p50 = Percentile(&indexed, 0.5);
  const double plain_p50 = Percentile(&plain, 0.5);
  return {
      {"decision_p50", p50 / 1000, "us", Better::kLower, 1.0},
      {"decision_p99",
       Percentile(&indexed, 0.99) / 1000,
       "us",
       Better::kLower,
       {}},
      {"decision_one_by_one_p50", plain_p50 / 1000, "us", Better::kLower, {}},
      {"decision_speedup", plain_p50 / p50, "x", Better::kHigher, {}},
      {"decision_worst_law_p50",
       Percentile(&unlucky, 0.5) / 1000,
       "us",
       Better::kLower,
       {}},
  };
}

}  // namespace cofferdam::bench
