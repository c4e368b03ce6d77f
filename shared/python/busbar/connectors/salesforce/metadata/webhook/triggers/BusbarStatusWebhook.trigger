trigger BusbarStatusWebhook on OrderStatusChanged__e (after insert) {
    BusbarWebhook.take(Trigger.new);
}
