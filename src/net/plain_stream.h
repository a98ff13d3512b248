// SPDX-License-Identifier: Apache-2.0
#pragma once
// An accepted stream without TLS, for the servers that face the machine itself: bounded input, output
// written once a turn, one deadline. Inside this room only. Owned by a PlainClients, which may drop it at
// any time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/loop.h"

namespace sallyport::net {

class PlainStream final : private Pollable {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void onInput(PlainStream& stream) = 0;    // there is more in input(), or the client has ended its half
    virtual void onWritten(PlainStream& stream) = 0;  // all of what was to be written
    virtual void onEnded(PlainStream& stream) = 0;    // it is gone or out of time: drop it
  };

  PlainStream(Loop& loop, Fd socket, std::uint64_t id, std::size_t input_limit, Owner& owner);

  Status start();
  void abandon();

  std::uint64_t id() const { return id_; }
  std::string& input() { return input_; }  // never above the limit; the owner erases what it has taken
  bool inputFull() const { return input_.size() >= input_limit_; }
  bool inputEnded() const { return input_ended_; }
  void pauseInput();
  void resumeInput();

  void write(std::string_view bytes);
  void endAfterOutput();  // onEnded once all is written
  bool ending() const { return ending_; }
  std::size_t outputPending() const { return output_.size() - output_sent_; }

  void expectWithin(Duration limit);  // or onEnded; replaces what was set before

 private:
  void onReady(ReadyEvents events) override;
  void readInput();
  void writeOutput();
  void ended();
  void updateInterest();

  Loop& loop_;
  Owner* owner_;
  const std::uint64_t id_;
  const std::size_t input_limit_;
  Fd socket_;
  Watch watch_;  // goes before the socket
  std::string input_;
  std::string output_;
  std::size_t output_sent_ = 0;
  bool input_paused_ = false;
  bool input_ended_ = false;
  bool ending_ = false;
  bool blocked_ = false;
  TurnHook turn_end_;
  TimerHandle deadline_;
};

// The listening socket and its clients, at most so many.
class PlainClients final : private Pollable {
 public:
  PlainClients(Loop& loop, Fd socket, std::size_t most, std::size_t input_limit, PlainStream::Owner& owner);
  ~PlainClients() override;

  Status start();
  void drop(PlainStream& stream);
  PlainStream* find(std::uint64_t id);
  std::size_t size() const { return streams_.size(); }
  // Called with each new client, which has been started.
  void onAccepted(UniqueFunction<void(PlainStream&)> callback) { on_accepted_ = std::move(callback); }

 private:
  void onReady(ReadyEvents events) override;

  Loop& loop_;
  Fd socket_;
  Watch watch_;
  const std::size_t most_;
  const std::size_t input_limit_;
  PlainStream::Owner& owner_;
  UniqueFunction<void(PlainStream&)> on_accepted_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<PlainStream>> streams_;
  TimerHandle accept_again_;
};

}  // namespace sallyport::net
