// SPDX-License-Identifier: Apache-2.0
#pragma once
// The machine beneath TlsConnection: a connected socket from its first byte, through the handshake, to its
// end. Inside this room only. Whoever lets go of a stream does it by Loop::retire() after abandon(), so that
// the stream outlives the callback it may be in.
//
//   waiting -> handshaking -> open -> closing -> lingering -> closed
//
// waiting (accepted side of TLS only): nothing was received yet, and nothing is allocated for it.
// closing: what is queued is being written; lingering: all is written, the peer has yet to leave, so that
// no reset overtakes our last words.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/openssl_ptr.h"
#include "crypto/verified_peer.h"
#include "net/byte_layer.h"
#include "net/loop.h"
#include "net/seats.h"
#include "net/tls_connection.h"
#include "net/tls_socket.h"

namespace sallyport::net {

struct TlsStreamSettings {
  TlsLimits limits;
  TlsDeadlines deadlines;
};

using TlsSessionMaker = UniqueFunction<Result<crypto::SslPtr>()>;

// The layer of a stream, chosen where it is accepted or dialed: by default none that passes a byte.
using LayerChoice = std::variant<TlsSessionMaker, PlainBytes>;

enum class TlsRole : std::uint8_t { accepted, dialed };

class TlsStream final : private Pollable {
 public:
  // Whoever owns the stream until its handshake is complete. Either call is the last one.
  class Handshake {
   public:
    virtual ~Handshake() = default;
    virtual void onVerified(TlsStream& stream) = 0;
    virtual void onFailed(TlsStream& stream, const Error& reason) = 0;
  };

  struct Parts {
    Fd socket;  // connected
    TlsRole role = TlsRole::accepted;
    Endpoint local;
    Endpoint remote;
    std::shared_ptr<const TlsStreamSettings> settings;
    LayerChoice layer;
    Seat seat;
  };
  TlsStream(Loop& loop, Parts parts, Handshake& handshake);
  ~TlsStream() override = default;

  Status start();  // "net.loop.watch"
  void abandon();  // nobody is called any more

  void setHandler(TlsHandler& handler);
  Status send(std::string_view bytes);
  void close(Error reason);
  void messageBegun(Duration limit);
  void messageComplete() { message_due_.reset(); }
  void keepOpen() { kept_open_ = true; }

  Loop& loop() { return loop_; }
  const crypto::VerifiedPeer* peer() const { return peer_ ? &*peer_ : nullptr; }
  const Endpoint& remote() const { return remote_; }
  const Endpoint& local() const { return local_; }
  StreamSecurity security() const { return security_; }
  TlsFacts facts() const;
  TlsTraffic traffic() const { return {socket_.bytesIn(), socket_.bytesOut()}; }
  std::size_t outputPending() const { return output_.size() - output_sent_; }
  bool open() const { return state_ == State::open && !ending_; }

 private:
  using Step = ByteLayer::Step;
  enum class State : std::uint8_t { waiting, handshaking, open, closing, lingering, closed };
  struct Deadline {
    TimePoint due;
    const char* code;
  };

  void onReady(ReadyEvents events) override;
  void look();
  Status beginLayer();
  void shakeHands();
  void failHandshake(Error reason);
  void opened();
  void readInput();
  bool readOnce();
  void endTurn();
  void writeOutput();
  void releaseOutput();
  void sayGoodbye();
  void linger();
  void finish(Error reason);
  void updateInterest();
  Deadline deadline() const;
  void armDeadline();
  void onDeadline();

  Loop& loop_;
  Handshake* handshake_;
  TlsHandler* handler_ = nullptr;
  std::shared_ptr<const TlsStreamSettings> settings_;
  LayerChoice choice_;
  Seat seat_;
  Endpoint local_;
  Endpoint remote_;
  TlsSocket socket_;
  std::unique_ptr<ByteLayer> layer_;  // goes before the socket
  Watch watch_;                       // goes before the socket
  std::optional<crypto::VerifiedPeer> peer_;

  State state_;
  const TlsRole role_;
  const StreamSecurity security_;
  bool wants_write_ = false;
  bool above_high_water_ = false;  // waits for the low one
  bool heard_ = false;             // application data has come
  std::optional<Error> ending_;    // why, once it is to end
  std::string output_;
  std::size_t output_sent_ = 0;
  TurnHook turn_end_;
  TimerHandle first_read_;  // of what came with the handshake

  TimePoint began_;  // of the state, as far as deadlines go
  TimePoint last_input_;
  bool kept_open_ = false;  // silence does not end it
  TimePoint last_output_;   // progress, or when output began to wait
  std::optional<TimePoint> message_due_;
  TimerHandle deadline_timer_;
  TimePoint deadline_armed_;
};

}  // namespace sallyport::net
