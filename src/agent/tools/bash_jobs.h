#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sandbox/sandboxed_process.h"
#include "agent/tools/output_cap.h"
#include "base/result.h"

namespace cofferdam::agent {

// What a job has had to say since it was last asked.
struct JobReport {
  std::string command;
  CappedOutput output;
  // None: it still runs.
  std::optional<SandboxExit> exit;
  // Since it began.
  int64_t ran_micros = 0;
};

// Commands that run in the background of a conversation, each with a thread
// that hears it out. One thread at a time.
class BashJobs {
 public:
  // Running ones.
  static constexpr size_t kJobsMax = 8;
  static constexpr int64_t kDeadlineMillis = int64_t{24} * 3600 * 1000;

  // `outputs` may be null and outlives this.
  BashJobs(OutputFolder* outputs, const OutputLimits& limits);
  // Kills all.
  ~BashJobs();

  // kExhausted when kJobsMax run.
  Status CanAdd() const;
  // Its number, from 1.
  int64_t Add(std::string command, std::unique_ptr<SandboxedProcess> process,
              uint64_t output_bytes_max);
  // New output; after the end of a job it is forgotten with this. Waits up to
  // `wait_ms` for output or the end. kNotFound names the jobs there are.
  Result<JobReport> Read(int64_t number, int64_t wait_ms, std::stop_token stop);
  // Ends it and all that it started.
  Result<JobReport> Kill(int64_t number);

 private:
  struct Job;
  Result<Job*> Find(int64_t number);
  JobReport Take(int64_t number, Job& job);
  std::unique_ptr<OutputCap> NewCap();

  OutputFolder* outputs_;
  OutputLimits limits_;
  std::map<int64_t, std::unique_ptr<Job>> jobs_;
  int64_t last_ = 0;
};

}  // namespace cofferdam::agent
