trigger BusbarAssetEvents on Asset (after insert, after update) {
    BusbarEvents.chargeCardAssigned(Trigger.new, Trigger.oldMap);
}
