#include "agent/tools/bash_jobs.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace cofferdam::agent {

struct BashJobs::Job {
  std::string command;
  std::unique_ptr<SandboxedProcess> process;
  int64_t begun_micros = SystemClock().SteadyMicros();
  std::jthread thread;

  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  std::unique_ptr<OutputCap> cap;
  bool has_news = false;
  std::optional<SandboxExit> exit;
};

BashJobs::BashJobs(OutputFolder* outputs, const OutputLimits& limits)
    : outputs_(outputs), limits_(limits) {}

BashJobs::~BashJobs() {
  for (auto& [number, job] : jobs_) {
    job->process->Kill();
  }
}

Status BashJobs::CanAdd() const {
  size_t running = 0;
  for (const auto& [number, job] : jobs_) {
    const std::lock_guard lock(job->mutex);
    running += job->exit.has_value() ? 0 : 1;
  }
  if (running >= kJobsMax) {
    return Error(Code::kExhausted,
                 fmt::format("{} jobs run already; kill one first", kJobsMax));
  }
  return Status();
}

std::unique_ptr<OutputCap> BashJobs::NewCap() {
  return std::make_unique<OutputCap>(
      limits_, outputs_ == nullptr ? std::string() : outputs_->Next("job"));
}

int64_t BashJobs::Add(std::string command,
                      std::unique_ptr<SandboxedProcess> process,
                      uint64_t output_bytes_max) {
  auto job = std::make_unique<Job>();
  job->command = std::move(command);
  job->process = std::move(process);
  job->cap = NewCap();
  Job* raw = job.get();
  job->thread = std::jthread([raw, output_bytes_max](std::stop_token stop) {
    SandboxExit exit =
        raw->process->Wait({.deadline_ms = kDeadlineMillis,
                            .output_bytes_max = output_bytes_max,
                            .stop = stop,
                            .on_output = [raw](std::string_view piece) {
                              const std::lock_guard lock(raw->mutex);
                              raw->cap->Append(piece);
                              raw->has_news = true;
                              raw->changed.notify_all();
                            }});
    const std::lock_guard lock(raw->mutex);
    raw->exit = std::move(exit);
    raw->changed.notify_all();
  });
  jobs_[++last_] = std::move(job);
  return last_;
}

Result<BashJobs::Job*> BashJobs::Find(int64_t number) {
  const auto found = jobs_.find(number);
  if (found != jobs_.end()) {
    return found->second.get();
  }
  std::string known;
  for (const auto& [other, job] : jobs_) {
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", other,
                         job->command.substr(0, 40));
  }
  return Error(
      Code::kNotFound,
      known.empty()
          ? fmt::format("there is no job {}; none runs", number)
          : fmt::format("there is no job {}; there are: {}", number, known));
}

JobReport BashJobs::Take(int64_t number, Job& job) {
  JobReport report;
  report.command = job.command;
  report.ran_micros = SystemClock().SteadyMicros() - job.begun_micros;
  {
    const std::lock_guard lock(job.mutex);
    report.output = job.cap->Show();
    report.exit = job.exit;
    if (!report.exit.has_value()) {
      job.cap = NewCap();
      job.has_news = false;
      return report;
    }
  }
  jobs_.erase(number);
  return report;
}

Result<JobReport> BashJobs::Read(int64_t number, int64_t wait_ms,
                                 std::stop_token stop) {
  TRY_ASSIGN(Job * job, Find(number));
  {
    std::unique_lock lock(job->mutex);
    job->changed.wait_for(
        lock, stop, std::chrono::milliseconds(wait_ms),
        [job] { return job->has_news || job->exit.has_value(); });
  }
  return Take(number, *job);
}

Result<JobReport> BashJobs::Kill(int64_t number) {
  TRY_ASSIGN(Job * job, Find(number));
  job->thread.request_stop();
  job->thread.join();
  return Take(number, *job);
}

}  // namespace cofferdam::agent
