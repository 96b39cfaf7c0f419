"""What a customer's browser sees: Checkout for an order, the page of a payment link, the bank's page, checkout.js."""

from simulator.html import form, page
from simulator.razorpay import bank_page, checkout_page, checkout_script
from simulator.razorpay.body import nested
from simulator.razorpay.turn import Parts
from simulator.wire import WireRequest, WireResponse


def serve(parts: Parts, request: WireRequest) -> WireResponse:
    match request.method, request.path.strip("/").split("/"):
        case "GET", ["v1", "checkout.js"]:
            return checkout_script.serve(parts.public_url)
        case "POST", ["v1", "checkout", "embedded"]:
            options = form(request)
            return checkout_page.show_order(parts, options.get("order_id", ""), options)
        case "GET", ["checkout", order_id]:
            return checkout_page.show_order(parts, order_id, nested(request.query))
        case "POST", ["checkout", order_id]:
            return checkout_page.act_on_order(parts, order_id, nested(request.query), form(request))
        case "GET", ["l", link_id]:
            return checkout_page.show_link(parts, link_id, nested(request.query))
        case "POST", ["l", link_id]:
            return checkout_page.act_on_link(parts, link_id, form(request))
        case (("GET" | "POST"), ["bank", payment_id, nonce]):
            answer = form(request) if request.method == "POST" else None
            return bank_page.serve(parts, payment_id, nonce, answer)
    return page("Page not found", "<h1>Page not found</h1><p>This simulator has no such page.</p>", status=404)
