#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error_json.h"
#include "ledger/history/history.h"

// Files of histories, and what comes out of them.
namespace cofferdam::ledger {

class RecordingSink : public HistorySink {
 public:
  Status Take(HistoryExchange exchange, int64_t line) override {
    if (refuse) return Error(Code::kUnavailable, "full");
    taken_.push_back(std::move(exchange));
    lines_.push_back(line);
    return {};
  }
  void Note(HistoryProblem problem) override {
    problems_.push_back(std::move(problem));
  }

  std::vector<int64_t> ProblemLines() const {
    std::vector<int64_t> lines;
    for (const HistoryProblem& problem : problems_) {
      lines.push_back(problem.line);
    }
    return lines;
  }

  bool refuse = false;
  std::vector<HistoryExchange> taken_;
  std::vector<int64_t> lines_;
  std::vector<HistoryProblem> problems_;
};

// One file, which has just been written.
class HistoryTest : public ::testing::Test, protected RecordingSink {
 protected:
  HistoryTest(HistoryAgent agent, const std::string& name) {
    std::string made =
        std::filesystem::temp_directory_path() / "history-XXXXXX";
    folder_ = mkdtemp(made.data());
    source_.agent = agent;
    source_.path = folder_ + "/" + name;
  }
  ~HistoryTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text) {
    std::ofstream(source_.path, std::ios::binary) << text;
    SetNow();
  }
  void Append(const std::string& text) {
    std::ofstream(source_.path, std::ios::binary | std::ios::app) << text;
    Touch(1);
  }
  // Changed so many seconds later.
  void Touch(int seconds) {
    std::filesystem::last_write_time(
        source_.path, std::filesystem::last_write_time(source_.path) +
                          std::chrono::seconds(seconds));
    SetNow();
  }

  HistoryRead Read(const HistoryMark& from = {}) {
    auto read = ReadHistory(source_, from, now_micros_, *this);
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message());
    return read.ok() ? *std::move(read) : HistoryRead();
  }

  std::string folder_;
  HistorySource source_;
  int64_t now_micros_ = 0;

 private:
  void SetNow() {
    struct stat info;
    if (stat(source_.path.c_str(), &info) != 0) return;
    now_micros_ = (int64_t{info.st_mtim.tv_sec} + 1) * 1'000'000;
  }
};

}  // namespace cofferdam::ledger
