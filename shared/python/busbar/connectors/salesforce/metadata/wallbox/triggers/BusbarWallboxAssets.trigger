trigger BusbarWallboxAssets on Asset (before update, after insert, after update) {
    if (Trigger.isBefore) {
        BusbarWallboxEvents.restartReview(Trigger.new, Trigger.oldMap);
    } else {
        BusbarWallboxEvents.tell(Trigger.new, Trigger.oldMap);
    }
}
