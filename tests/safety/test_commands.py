"""Commands that race for the same money: rows 24 and 25 of the fault catalogue, on the running stack."""

from concurrent.futures import ThreadPoolExecutor

from tests.client import Merchant, Referee
from tests.safety import figures

PAYMENTS = 5
AT_ONCE = 6
BODY = {"amount": 2000}


def test_refunds_racing_over_the_balance_never_exceed_what_was_captured(merchant: Merchant, referee: Referee) -> None:
    """Row 24: two fit, the third does not, whoever they are."""
    ids = [merchant.pay(amount=5000).json()["id"] for _ in range(PAYMENTS)]
    with ThreadPoolExecutor(PAYMENTS * AT_ONCE) as threads:
        asked = {
            id_: [
                threads.submit(merchant.post, f"/v1/payments/{id_}/refunds", {"amount": 2000}) for _ in range(AT_ONCE)
            ]
            for id_ in ids
        }
        answers = {id_: sorted(future.result().status_code for future in futures) for id_, futures in asked.items()}
    for payment_id in ids:
        made, refused = answers[payment_id][:2], answers[payment_id][2:]
        assert made == [201, 201]
        assert set(refused) <= {409, 422, 429}, refused  # too much, meanwhile in doubt, or too many at once
        totals = referee.totals(payment_id)
        assert (totals["captured_minor"], totals["refunded_minor"]) == (5000, 4000)
        assert merchant.payment(payment_id)["amounts"]["refunded"] == 4000
    figures.note("refunds racing", payments=PAYMENTS, refunds=PAYMENTS * AT_ONCE, over_refunded=0)


def test_of_a_capture_and_a_cancel_at_once_one_wins_and_the_other_is_told(merchant: Merchant, referee: Referee) -> None:
    """Row 25: never both, never neither."""
    ids = [merchant.pay(capture_method="manual").json()["id"] for _ in range(PAYMENTS * 2)]
    with ThreadPoolExecutor(len(ids) * 2) as threads:
        asked = {
            id_: [threads.submit(merchant.post, f"/v1/payments/{id_}/{verb}") for verb in ("capture", "cancel")]
            for id_ in ids
        }
        answers = {id_: [future.result() for future in futures] for id_, futures in asked.items()}
    for payment_id, pair in answers.items():
        assert sorted(answer.status_code for answer in pair) == [200, 409], [answer.text for answer in pair]
        captured = pair[0].status_code == 200
        payment, totals = merchant.payment(payment_id), referee.totals(payment_id)
        assert payment["status"] == ("captured" if captured else "canceled")
        assert (totals["captured_minor"], totals["released_minor"]) == ((4999, 0) if captured else (0, 4999))
    figures.note(
        "capture against cancel", payments=len(ids), captured=sum(p[0].status_code == 200 for p in answers.values())
    )
