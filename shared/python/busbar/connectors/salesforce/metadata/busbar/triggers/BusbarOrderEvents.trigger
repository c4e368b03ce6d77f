trigger BusbarOrderEvents on Order (after insert, after update) {
    BusbarEvents.orderStatusChanged(Trigger.new, Trigger.oldMap);
}
