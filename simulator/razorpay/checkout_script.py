"""checkout.js: the same door as Razorpay's, `new Razorpay(options).open()`, leading to the simulator's Checkout page.

With a `callback_url` the browser leaves the merchant's page; else an overlay answers `handler`, `payment.failed` and
`modal.ondismiss`. https://razorpay.com/docs/payments/payment-gateway/web-integration/standard
"""

import json

from simulator.wire import WireResponse

_SCRIPT = """
(function () {
  "use strict";
  var base = BASE;
  function fields(options, embedded) {
    var prefill = options.prefill || {};
    var told = {
      key_id: options.key, order_id: options.order_id, name: options.name, callback_url: options.callback_url,
      cancel_url: options.cancel_url, customer_id: options.customer_id, email: prefill.email, contact: prefill.contact,
      recurring: options.recurring ? "1" : undefined, embedded: embedded ? "1" : undefined
    };
    Object.keys(told).forEach(function (name) { if (told[name] === undefined) delete told[name]; });
    return told;
  }
  function Razorpay(options) { this.options = options; this.listeners = {}; }
  Razorpay.prototype.on = function (event, listener) { this.listeners[event] = listener; return this; };
  Razorpay.prototype.open = function () {
    if (this.options.callback_url && !this.options.handler) { this._leave(); } else { this._overlay(); }
  };
  Razorpay.prototype.close = function () {
    if (this.frame) { this.frame.remove(); this.frame = null; }
    window.removeEventListener("message", this.receive);
  };
  Razorpay.prototype._leave = function () {
    var form = document.createElement("form"), told = fields(this.options, false);
    form.method = "post"; form.action = base + "/v1/checkout/embedded";
    Object.keys(told).forEach(function (name) {
      var input = document.createElement("input");
      input.type = "hidden"; input.name = name; input.value = told[name]; form.appendChild(input);
    });
    document.body.appendChild(form); form.submit();
  };
  Razorpay.prototype._overlay = function () {
    var checkout = this, told = fields(this.options, true);
    this.frame = document.createElement("iframe");
    this.frame.className = "razorpay-checkout-frame";
    this.frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;border:0;z-index:2147483647";
    this.frame.src = base + "/checkout/" + encodeURIComponent(told.order_id) + "?" + new URLSearchParams(told);
    this.receive = function (event) {
      if (event.origin !== base || !event.data || !event.data.razorpay) return;
      checkout._answer(event.data.razorpay, event.data.data);
    };
    window.addEventListener("message", this.receive);
    document.body.appendChild(this.frame);
  };
  Razorpay.prototype._answer = function (what, data) {
    if (what === "failed") {
      if (this.listeners["payment.failed"]) this.listeners["payment.failed"](data);
      return;
    }
    this.close();
    if (what === "success" && this.options.handler) this.options.handler(data);
    var modal = this.options.modal || {};
    if (what === "dismiss" && modal.ondismiss) modal.ondismiss();
  };
  window.Razorpay = Razorpay;
})();
"""


def serve(public_url: str) -> WireResponse:
    script = _SCRIPT.replace("BASE", json.dumps(public_url))
    headers = (("Content-Type", "text/javascript; charset=utf-8"), ("Cache-Control", "no-store"))
    return WireResponse(200, headers, script.encode())
