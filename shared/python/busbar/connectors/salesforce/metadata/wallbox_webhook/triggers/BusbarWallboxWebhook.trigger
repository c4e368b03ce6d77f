trigger BusbarWallboxWebhook on WallboxAssigned__e (after insert) {
    BusbarWebhook.take(Trigger.new);
}
