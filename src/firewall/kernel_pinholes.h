// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edge's side of the helper: remembers what should be open and brings the kernel to it, from a thread of its own
// that alone waits for the helper. What workers ask for several times before the thread gets to it is asked once, so
// there is no queue that could be full: what waits is bounded by the ports of the media range. Keeps what is open from
// timing out. When the helper is gone, so is the table; where it is preferred only, calls go on under user space's
// filter.
//
// Built and destroyed on the main thread, used by all workers; outlives them.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "firewall/helper.h"
#include "firewall/pinholes.h"
#include "telemetry/event.h"

namespace sallyport::firewall {

enum class Demand : std::uint8_t {
  preferred,  // a call is never refused for the kernel's sake
  required,   // no call without a pinhole
};

struct KernelPinholesOptions {
  Demand demand = Demand::preferred;
  std::size_t most = 65'536;  // as the helper's scope says
  std::chrono::seconds timeout{60};
  std::chrono::milliseconds refresh{20'000};  // how old an element may become
  std::chrono::milliseconds poll{2'000};      // between two looks at the helper's figures
};

class KernelPinholes final : public Pinholes {
 public:
  // `helper` has made its table.
  KernelPinholes(Helper helper, KernelPinholesOptions options, telemetry::EventSink& log);
  ~KernelPinholes() override;  // all is closed and the table gone

  Status open(const Endpoint& local, std::optional<IpAddress> source) override;
  void close(const Endpoint& local) override;
  std::string admitted(const Endpoint& local) const override;
  Statistics statistics() const;

 private:
  enum class State : std::uint8_t { asked, held, failed };
  struct Entry {
    std::optional<IpAddress> source;
    State state = State::asked;
    bool wanted = true;    // false: to be closed
    bool waiting = false;  // is in waiting_
    TimePoint refreshed{};
  };

  void run();
  void setWaiting(const Endpoint& local, Entry& entry);
  std::vector<Change> nextChanges(TimePoint now);
  void bring(const std::vector<Change>& changes);
  void settle(const std::vector<Change>& changes, const Reply& reply, TimePoint now);
  void adopt(const Reply& reply);
  void lose(const Error& error);

  Helper helper_;
  const KernelPinholesOptions options_;
  telemetry::EventSink& log_;
  const SystemClock clock_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::unordered_map<Endpoint, Entry> entries_;  // all that follow: under mutex_
  std::vector<Endpoint> waiting_;
  std::size_t open_ = 0;  // of entries_, those wanted
  Statistics statistics_;
  TimePoint next_refresh_{};
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace sallyport::firewall
