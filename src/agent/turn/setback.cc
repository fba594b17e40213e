#include "agent/turn/setback.h"

#include <array>
#include <span>

namespace cofferdam::agent {
namespace {

using Change = Remedy::Change;

constexpr std::string_view kCallPlainly =
    "[Your last answer could not be read by the engine. Call one tool, with "
    "plain JSON arguments and nothing around them, or answer in words. Write "
    "long files in several smaller calls.]";
constexpr std::string_view kSmallerPieces =
    "[The connection broke during your answer. Go on in smaller pieces: short "
    "answers, and long files in several calls.]";
constexpr std::string_view kNotEmpty =
    "[Your answer was empty. Call a tool to go on with the task, or say in "
    "words what you have done and what is left.]";
constexpr std::string_view kGoOn =
    "[Your answer ran into the output limit. Go on exactly where it stopped, "
    "without repeating it.]";
constexpr std::string_view kNotRun =
    "[Your answer looks like a call of a tool, but it was written as text and "
    "was not run. Call the tool properly, or say plainly that you are done.]";
constexpr std::string_view kRunaway =
    "[Your answer repeated itself and was cut off. Say or do the next thing "
    "only, without repetition.]";

constexpr std::array kUnreachableSteps = {Remedy{Change::kNothing, 200},
                                          Remedy{Change::kNothing, 1000},
                                          Remedy{Change::kNothing, 3000}};
constexpr std::array kDroppedSteps = {
    Remedy{Change::kNothing, 200}, Remedy{Change::kOtherSampling, 1000},
    Remedy{Change::kTellModel, 2000, kSmallerPieces}};
constexpr std::array kStalledSteps = {
    Remedy{Change::kOtherSampling, 0},
    Remedy{Change::kTellModel, 1000, kSmallerPieces}};
constexpr std::array kUnparsableSteps = {
    Remedy{Change::kOtherSampling, 0},
    Remedy{Change::kTellModel, 0, kCallPlainly}, Remedy{Change::kFlatten, 0}};
constexpr std::array kContextSteps = {Remedy{Change::kCompact, 0},
                                      Remedy{Change::kCompact, 0},
                                      Remedy{Change::kCompact, 0}};
// The limit is what remains from then on.
constexpr std::array kRoomSteps = {Remedy{Change::kNothing, 0}};
constexpr std::array kRateSteps = {
    Remedy{Change::kNothing, 2000}, Remedy{Change::kNothing, 5000},
    Remedy{Change::kNothing, 15'000}, Remedy{Change::kNothing, 30'000},
    Remedy{Change::kNothing, 60'000}};
constexpr std::array kOverloadedSteps = {
    Remedy{Change::kNothing, 500}, Remedy{Change::kOtherSampling, 2000},
    Remedy{Change::kPlainRequest, 6000}, Remedy{Change::kNothing, 15'000}};
constexpr std::array kBadRequestSteps = {Remedy{Change::kPlainRequest, 0}};
constexpr std::array kBadAnswerSteps = {Remedy{Change::kOtherSampling, 200},
                                        Remedy{Change::kPlainRequest, 1000}};
constexpr std::array kEmptySteps = {Remedy{Change::kOtherSampling, 0},
                                    Remedy{Change::kTellModel, 0, kNotEmpty}};
constexpr std::array kCutTextSteps = {Remedy{Change::kTellModel, 0, kGoOn},
                                      Remedy{Change::kTellModel, 0, kGoOn}};
// The results of the calls say it all; the count alone is kept here.
constexpr std::array kCutCallSteps = {Remedy{Change::kNothing, 0},
                                      Remedy{Change::kNothing, 0},
                                      Remedy{Change::kNothing, 0}};
constexpr std::array kLooksLikeCallSteps = {
    Remedy{Change::kTellModel, 0, kNotRun}};
constexpr std::array kRunawaySteps = {Remedy{Change::kOtherSampling, 0},
                                      Remedy{Change::kTellModel, 0, kRunaway}};

struct Row {
  Setback setback;
  std::string_view name;
  std::span<const Remedy> steps;
  TurnEnd end;
};

constexpr Row kRows[] = {
    {Setback::kUnreachable, "unreachable", kUnreachableSteps,
     TurnEnd::kEngineFault},
    {Setback::kDropped, "dropped", kDroppedSteps, TurnEnd::kEngineFault},
    {Setback::kStalled, "stalled", kStalledSteps, TurnEnd::kEngineFault},
    {Setback::kUnparsable, "unparsable", kUnparsableSteps,
     TurnEnd::kEngineFault},
    {Setback::kContextTooLong, "context too long", kContextSteps,
     TurnEnd::kEngineFault},
    {Setback::kNoRoomToAnswer, "no room to answer", kRoomSteps,
     TurnEnd::kEngineFault},
    {Setback::kRateLimited, "rate limited", kRateSteps, TurnEnd::kEngineFault},
    {Setback::kOverloaded, "overloaded", kOverloadedSteps,
     TurnEnd::kEngineFault},
    {Setback::kBadRequest, "bad request", kBadRequestSteps,
     TurnEnd::kEngineFault},
    {Setback::kBadAnswer, "bad answer", kBadAnswerSteps, TurnEnd::kEngineFault},
    {Setback::kEmptyAnswer, "empty answer", kEmptySteps, TurnEnd::kEngineFault},
    {Setback::kCutText, "cut text", kCutTextSteps, TurnEnd::kOutputLimit},
    {Setback::kCutCall, "cut call", kCutCallSteps, TurnEnd::kOutputLimit},
    {Setback::kLooksLikeCall, "looks like a call", kLooksLikeCallSteps,
     TurnEnd::kUnexecuted},
    {Setback::kRunawayText, "runaway text", kRunawaySteps, TurnEnd::kLoop},
};

const Row& RowOf(Setback setback) {
  for (const Row& row : kRows) {
    if (row.setback == setback) return row;
  }
  CheckFailed("a row for every setback", __FILE__, __LINE__);
}

}  // namespace

std::string_view SetbackName(Setback setback) { return RowOf(setback).name; }

std::optional<Setback> SetbackOf(EngineFault::Kind kind) {
  switch (kind) {
    case EngineFault::Kind::kUnreachable:
      return Setback::kUnreachable;
    case EngineFault::Kind::kDropped:
      return Setback::kDropped;
    case EngineFault::Kind::kStalled:
      return Setback::kStalled;
    case EngineFault::Kind::kUnparsable:
      return Setback::kUnparsable;
    case EngineFault::Kind::kContextTooLong:
      return Setback::kContextTooLong;
    case EngineFault::Kind::kRateLimited:
      return Setback::kRateLimited;
    case EngineFault::Kind::kOverloaded:
      return Setback::kOverloaded;
    case EngineFault::Kind::kBadRequest:
      return Setback::kBadRequest;
    case EngineFault::Kind::kBadAnswer:
      return Setback::kBadAnswer;
    case EngineFault::Kind::kCancelled:
    case EngineFault::Kind::kRefused:
      break;
  }
  return std::nullopt;
}

std::optional<Remedy> RemedyFor(Setback setback, int attempt) {
  const Row& row = RowOf(setback);
  if (attempt < 1 || static_cast<size_t>(attempt) > row.steps.size()) {
    return std::nullopt;
  }
  return row.steps[static_cast<size_t>(attempt) - 1];
}

TurnEnd EndOf(Setback setback) { return RowOf(setback).end; }

}  // namespace cofferdam::agent
