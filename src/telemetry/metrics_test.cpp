// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "telemetry/metrics_layout.h"

namespace sallyport::telemetry {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const WallTime kNow{1'800'000'000s};

std::string scraped(const Metrics& metrics, const std::string& series) {
  std::istringstream lines{metrics.renderPrometheus(kNow)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  }
  return "absent";
}

TEST(Metrics, AddsUpWhatEveryWorkerCounted) {
  Metrics metrics{2};
  metrics.worker(0).sipRequest(Direction::received, "INVITE");
  metrics.worker(1).sipRequest(Direction::received, "INVITE");
  metrics.control().sipRequest(Direction::sent, "BYE");
  EXPECT_EQ(scraped(metrics, "sallyport_sip_requests_total{direction=\"received\",method=\"INVITE\"}"), "2");
  EXPECT_EQ(scraped(metrics, "sallyport_sip_requests_total{direction=\"sent\",method=\"BYE\"}"), "1");
  EXPECT_EQ(scraped(metrics, "sallyport_sip_requests_total{direction=\"sent\",method=\"INVITE\"}"), "0");
}

TEST(Metrics, AMethodNobodyKnowsCountsAsOther) {
  Metrics metrics{1};
  metrics.worker(0).sipRequest(Direction::received, "EVIL\n{}\"");
  metrics.worker(0).sipRequest(Direction::received, "invite");
  EXPECT_EQ(scraped(metrics, "sallyport_sip_requests_total{direction=\"received\",method=\"other\"}"), "2");
  EXPECT_THAT(metrics.renderPrometheus(kNow), Not(HasSubstr("EVIL")));
}

TEST(Metrics, ResponsesCountByStatusClass) {
  Metrics metrics{1};
  for (const unsigned status : {100u, 180u, 200u, 403u, 488u, 503u, 603u, 7u, 70'000u}) {
    metrics.worker(0).sipResponse(Direction::sent, "INVITE", status);
  }
  const std::string series = "sallyport_sip_responses_total{direction=\"sent\",method=\"INVITE\",status=";
  EXPECT_EQ(scraped(metrics, series + "\"1xx\"}"), "2");
  EXPECT_EQ(scraped(metrics, series + "\"4xx\"}"), "2");
  EXPECT_EQ(scraped(metrics, series + "\"other\"}"), "2");
  EXPECT_EQ(scraped(metrics, series + "\"3xx\"}"), "absent");
}

TEST(Metrics, AGaugeComesOutRightWhoeverCountsDown) {
  Metrics metrics{2};
  metrics.worker(0).callsActive(2);
  metrics.worker(1).callsActive(-1);
  EXPECT_EQ(scraped(metrics, "sallyport_calls_active"), "1");
  metrics.worker(1).callsActive(-2);
  EXPECT_EQ(metrics.totals().calls_active, -1);
}

TEST(Metrics, HandshakeFailuresCountByCodeAndSide) {
  Metrics metrics{1};
  metrics.worker(0).tlsHandshakeSucceeded(Side::connected);
  metrics.worker(0).tlsHandshakeFailed(Side::accepted, "tls.certificate.expired");
  metrics.worker(0).tlsHandshakeFailed(Side::accepted, "tls.something.new");
  metrics.worker(0).tlsHandshakeFailed(Side::accepted, "CN=a stranger's words");
  const std::string series = "sallyport_tls_handshakes_failed_total{side=\"accepted\",code=";
  EXPECT_EQ(scraped(metrics, series + "\"tls.certificate.expired\"}"), "1");
  EXPECT_EQ(scraped(metrics, series + "\"tls.something.new\"}"), "1");
  EXPECT_EQ(scraped(metrics, series + "\"other\"}"), "1");
  EXPECT_EQ(scraped(metrics, "sallyport_tls_handshakes_total{side=\"connected\"}"), "1");
  EXPECT_EQ(metrics.totals().handshakes_failed, 3u);
}

TEST(Metrics, AFamilyNeverGrowsBeyondItsBound) {
  Metrics metrics{1};
  for (int i = 0; i < 10'000; ++i) metrics.worker(0).callFailed("cause." + std::to_string(i));
  const auto text = metrics.renderPrometheus(kNow);
  std::size_t series = 0;
  for (auto at = text.find("sallyport_calls_failed_total{"); at != std::string::npos;
       at = text.find("sallyport_calls_failed_total{", at + 1)) {
    ++series;
  }
  EXPECT_EQ(series, LabelSet::kMost + 1);
  EXPECT_EQ(metrics.totals().calls_failed, 10'000u);
}

TEST(Metrics, MediaCountsByResolvedReason) {
  Metrics metrics{1};
  auto& worker = metrics.worker(0);
  const auto replayed = worker.mediaDropLabel("replayed");
  worker.mediaDropped(replayed, 5);
  worker.mediaDropped(MediaDropLabel{9'999}, 1);
  worker.mediaPackets(Direction::received, 10, 1'720);
  worker.mediaPortsOpen(4);
  worker.zrtpRefused("media.zrtp.hello_hash", 2);
  EXPECT_EQ(scraped(metrics, "sallyport_media_dropped_packets_total{reason=\"replayed\"}"), "5");
  EXPECT_EQ(scraped(metrics, "sallyport_media_dropped_packets_total{reason=\"other\"}"), "1");
  EXPECT_EQ(scraped(metrics, "sallyport_media_bytes_total{direction=\"received\"}"), "1720");
  EXPECT_EQ(scraped(metrics, "sallyport_media_ports_open"), "4");
  EXPECT_EQ(scraped(metrics, "sallyport_zrtp_refused_packets_total{reason=\"media.zrtp.hello_hash\"}"), "2");
  EXPECT_EQ(scraped(metrics, "sallyport_zrtp_refused_packets_total{reason=\"media.zrtp.not_srtp\"}"), "0");
}

TEST(Metrics, GuardDecisionsCountByRuleAndAction) {
  Metrics metrics{1};
  metrics.worker(0).guardDecision("peer_known", "admit");
  metrics.worker(0).guardDecision("peer_known", "shadow");
  metrics.worker(0).guardDecision("peer_known", "gibberish");
  EXPECT_EQ(scraped(metrics, "sallyport_guard_decisions_total{rule=\"peer_known\",action=\"admit\"}"), "1");
  EXPECT_EQ(scraped(metrics, "sallyport_guard_decisions_total{rule=\"peer_known\",action=\"shadow\"}"), "1");
  EXPECT_EQ(scraped(metrics, "sallyport_guard_decisions_total{rule=\"peer_known\",action=\"other\"}"), "1");
}

TEST(Metrics, ShowsCertificatesAndProbesAtTheMomentOfTheScrape) {
  Metrics metrics{1};
  double dropped = 3;
  metrics.addProbe("log_lines_dropped_total", "Lines the log lost", [&] { return dropped; });
  metrics.certificateExpires("listener:public", kNow + 24h);
  metrics.certificateExpires("peer:\"odd\n", kNow - 1s);
  metrics.certificateExpires("listener:public", kNow + 48h);
  dropped = 4;
  EXPECT_EQ(scraped(metrics, "sallyport_log_lines_dropped_total"), "4");
  EXPECT_EQ(scraped(metrics, "sallyport_certificate_expiry_seconds{certificate=\"listener:public\"}"), "172800");
  EXPECT_EQ(scraped(metrics, "sallyport_certificate_expiry_seconds{certificate=\"peer:\\\"odd\\n\"}"), "-1");
  EXPECT_THAT(metrics.renderPrometheus(kNow), HasSubstr("# TYPE sallyport_log_lines_dropped_total counter"));
}

TEST(Metrics, MayBeScrapedWhileWorkersCountAndLearn) {
  Metrics metrics{2};
  std::vector<std::thread> threads;
  for (unsigned w = 0; w < 2; ++w) {
    threads.emplace_back([&metrics, w] {
      for (int i = 0; i < 2'000; ++i) {
        metrics.worker(w).callAttempted();
        metrics.worker(w).callFailed("cause." + std::to_string(i % 80));
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_THAT(metrics.renderPrometheus(kNow), HasSubstr("calls_attempted"));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.totals().calls_attempted, 4'000u);
  EXPECT_EQ(metrics.totals().calls_failed, 4'000u);
}

}  // namespace
}  // namespace sallyport::telemetry
