// SPDX-License-Identifier: Apache-2.0
#include "app/media_filter.h"

namespace sallyport::app {
namespace {

using config::FirewallMode;
using telemetry::Severity;

firewall::HelperSettings settingsOf(const config::Config& config) {
  firewall::HelperSettings settings;
  const auto& media = config.media;
  if (media.v4) settings.scope.v4 = media.v4->bind;
  if (media.v6) settings.scope.v6 = media.v6->bind;
  settings.scope.ports = {media.first_port, media.last_port};
  settings.scope.most = config.firewall.max_pinholes;
  const bool required = config.firewall.mode == FirewallMode::required;
  settings.on_full = required ? firewall::OnFull::refuse : firewall::OnFull::pass;
  settings.user = config.edge.user;
  return settings;
}

firewall::KernelPinholesOptions optionsOf(const config::Firewall& settings) {
  firewall::KernelPinholesOptions options;
  const bool required = settings.mode == FirewallMode::required;
  options.demand = required ? firewall::Demand::required : firewall::Demand::preferred;
  options.most = settings.max_pinholes;
  return options;
}

}  // namespace

Result<RaisedFilter> raiseFilter(const config::Config& config) {
  RaisedFilter raised;
  if (config.firewall.mode == FirewallMode::off) return raised;
  auto helper = firewall::startHelper(settingsOf(config));
  if (helper) {
    raised.helper.emplace(std::move(*helper));
  } else if (config.firewall.mode == FirewallMode::required) {
    return std::move(helper).error();
  } else {
    raised.why_not = std::move(helper).error();
  }
  return raised;
}

MediaFilter::MediaFilter(const config::Firewall& settings, RaisedFilter raised, telemetry::EventSink& log)
    : mode_(settings.mode), why_not_(std::move(raised.why_not)) {
  if (raised.helper) {
    pinholes_ = std::make_unique<firewall::KernelPinholes>(std::move(*raised.helper), optionsOf(settings), log);
    log.event(Severity::notice, "firewall.filtering", {{"mode", config::toString(mode_)}});
  } else if (why_not_) {
    log.event(
        Severity::warning, "firewall.unavailable",
        {{"reason", why_not_->code}, {"detail", why_not_->detail + "; user space filters the media range alone"}});
  }
}

FilterReport MediaFilter::report() const {
  FilterReport report;
  report.mode = config::toString(mode_);
  report.standing = why_not_ ? "unavailable" : "off";
  if (why_not_) report.reason = describe(*why_not_);
  if (!pinholes_) return report;
  report.figures = pinholes_->statistics();
  report.standing = firewall::toString(report.figures.standing);
  return report;
}

void MediaFilter::publish(telemetry::Metrics& metrics) const {
  const auto add = [&](const char* name, const char* help, auto value) {
    metrics.addProbe(name, help, [this, value] {
      return static_cast<double>(value(pinholes_ ? pinholes_->statistics() : firewall::Statistics{}));
    });
  };
  using Figures = firewall::Statistics;
  add("firewall_filtering", "1 while the kernel drops what is sent to media ports that are not open",
      [](const Figures& figures) { return figures.standing == firewall::Standing::filtering ? 1 : 0; });
  add("firewall_pinholes", "Media ports that the kernel lets through",
      [](const Figures& figures) { return figures.pinholes; });
  add("firewall_failures_total", "Media ports that could not be opened in the kernel",
      [](const Figures& figures) { return figures.failures; });
  add("firewall_dropped_datagrams_total", "Datagrams to the media range that the kernel has dropped",
      [](const Figures& figures) { return figures.dropped; });
}

}  // namespace sallyport::app
