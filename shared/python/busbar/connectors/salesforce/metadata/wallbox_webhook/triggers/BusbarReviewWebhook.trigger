trigger BusbarReviewWebhook on InstallationReviewed__e (after insert) {
    BusbarWebhook.take(Trigger.new);
}
