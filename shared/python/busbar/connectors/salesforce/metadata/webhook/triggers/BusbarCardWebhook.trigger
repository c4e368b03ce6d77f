trigger BusbarCardWebhook on ChargeCardAssigned__e (after insert) {
    BusbarWebhook.take(Trigger.new);
}
