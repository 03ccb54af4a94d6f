//! What the records say to people, as codes; the words are in `languages/en/store.ftl`.

rollcall_messages::room! {
    pub(crate) ROOM = "store", [("en/store.ftl", include_str!("../../../languages/en/store.ftl"))];
    texts:
        DATABASE_NOT_WRITABLE,
        PIN_TAKEN,
    ;
    messages:
        already_voided(number, who, reason),
        code_retired(code),
        code_taken(code, holder),
        database_corrupt(path, detail),
        database_gone(path),
        database_locked(path, doing),
        database_read_only(path, doing),
        database_replaced(path),
        day_to_come(day),
        deactivated_face(name, code, similarity),
        disk_full(path, doing),
        held_not_saved(trouble, reason),
        held_saved_as(trouble, path),
        no_such_code(code),
        no_such_event(number),
        no_such_person(number),
        no_such_sighting(number),
        nothing_changes(number),
        pin_closed(seconds),
        same_event(number),
        sql_failed(doing, path, reason),
    ;
}
