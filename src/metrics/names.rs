//! Every metric, once: its name, its help, its labels and the function that records it.
//!
//! A label takes values from a closed set, listed where it is closed by this program; no id of a
//! task, a project or a user is ever a label.

use std::time::Duration;

/// Makes a recording function of each entry, and `describe`, which registers all of them.
macro_rules! define {
    (
        counters { $(
            $counter:ident($($counter_label:ident $([$($counter_value:literal)+])?)?) $counter_name:literal $counter_help:literal
        )* }
        gauges { $(
            $gauge:ident($($gauge_label:ident)?) $gauge_name:literal $gauge_help:literal
        )* }
        seconds { $(
            $seconds:ident($($seconds_label:ident)?) $seconds_name:literal $seconds_help:literal
        )* }
    ) => {
        $(
            #[doc = $counter_help]
            pub fn $counter($($counter_label: impl Into<metrics::SharedString>,)? n: u64) {
                metrics::counter!($counter_name $(, stringify!($counter_label) => $counter_label.into())?).increment(n);
            }
        )*
        $(
            #[doc = $gauge_help]
            pub fn $gauge($($gauge_label: impl Into<metrics::SharedString>,)? now: u64) {
                metrics::gauge!($gauge_name $(, stringify!($gauge_label) => $gauge_label.into())?).set(now as f64);
            }
        )*
        $(
            #[doc = $seconds_help]
            pub fn $seconds($($seconds_label: impl Into<metrics::SharedString>,)? took: Duration) {
                metrics::histogram!($seconds_name $(, stringify!($seconds_label) => $seconds_label.into())?).record(took);
            }
        )*
        /// Gives every metric its help, and every counter whose labels are known its 0.
        pub(super) fn describe() {
            $(
                metrics::describe_counter!($counter_name, $counter_help);
                define!(@zero $counter $($counter_label $([$($counter_value)+])?)?);
            )*
            $( metrics::describe_gauge!($gauge_name, $gauge_help); )*
            $( metrics::describe_histogram!($seconds_name, metrics::Unit::Seconds, $seconds_help); )*
        }
    };
    (@zero $counter:ident) => { $counter(0); };
    (@zero $counter:ident $label:ident) => {};
    (@zero $counter:ident $label:ident [$($value:literal)+]) => { $( $counter($value, 0); )+ };
}

define! {
    counters {
        // The edge.
        http_responses(status) "user_import_http_responses_total"
            "Answers given, by status class (2xx, 4xx, 5xx)."
        key_loads() "user_import_key_loads_total"
            "Loads of projects' public keys begun; those who wait for the same keys share one."

        // Stage 1, intake.
        intake_requests(result ["accepted" "replayed" "refused" "broken"]) "user_import_intake_requests_total"
            "Import requests, by what became of them: accepted as a task, answered with an earlier task, refused, or broken off."
        intake_bytes() "user_import_intake_bytes_total"
            "Decoded bytes of import bodies read."
        intake_records() "user_import_intake_records_total"
            "Records staged, of requests that broke off too."
        tasks_accepted() "user_import_tasks_accepted_total"
            "Tasks answered with 200; from then on each is promised an end."

        // Stage 2, relay.
        chunks_claimed() "user_import_relay_chunks_claimed_total"
            "Due chunks taken for publication."
        chunks_published() "user_import_relay_chunks_published_total"
            "Chunks that the broker has taken responsibility for."
        chunks_returned() "user_import_relay_chunks_returned_total"
            "Chunks that the broker could route to no queue; they are due again."
        chunks_nacked() "user_import_relay_chunks_nacked_total"
            "Chunks that the broker refused; they are due again."
        chunks_unknown() "user_import_relay_chunks_unknown_total"
            "Publications of unknown fate (no confirm in time); the chunks are due again and may be delivered twice."
        lease_expiries() "user_import_relay_lease_expiries_total"
            "Chunks claimed that had been published before: their lease ran out without an outcome."
        relay_errors(cause ["postgres" "broker"]) "user_import_relay_errors_total"
            "Relay steps that failed, by who was away."

        // Stage 3, apply.
        chunks_applied(way ["blind" "near" "quick" "sure"]) "user_import_chunks_applied_total"
            "Chunks committed, by the way they were written."
        records(outcome ["inserted" "updated" "skipped" "failed"]) "user_import_records_total"
            "Records committed, by outcome; of dry runs too."
        redeliveries() "user_import_redeliveries_total"
            "Deliveries that the broker handed over a second time."
        stale_deliveries() "user_import_stale_deliveries_total"
            "Deliveries whose chunk needed nothing any more: acknowledged, and nothing changed."
        copies_in_vain() "user_import_copies_in_vain_total"
            "Chunks written again a slower way because a login id of theirs was taken."
        races() "user_import_races_total"
            "Chunks started again because another task took a login id first."
        transient_retries() "user_import_transient_retries_total"
            "Chunks tried again after a fault that passes (connection lost, deadlock, database full)."
        suspect_starts() "user_import_suspect_starts_total"
            "Starts of chunks that may have ended a worker, each alone in its process."
        chunks_split(cause ["refused" "died"]) "user_import_chunks_split_total"
            "Chunks cut into parts, because the database refused their data or because workers died of them."
        deliveries_rejected() "user_import_deliveries_rejected_total"
            "Deliveries sent to the dead letters: they could not be opened. An operator should look."

        // Tasks.
        tasks_ended(status ["completed" "cancelled"]) "user_import_tasks_ended_total"
            "Tasks that ended, by status."

        // The janitor.
        uploads_abandoned() "user_import_janitor_uploads_abandoned_total"
            "Uploads that were not touched for ten minutes and were let go."
        tasks_gone() "user_import_janitor_tasks_gone_total"
            "Ended tasks taken away after their retention."
        chunks_swept() "user_import_janitor_chunks_swept_total"
            "Chunk rows deleted, of tasks and uploads that are gone."

        // The neighbours.
        broker_connections(purpose ["publish" "consume"]) "user_import_broker_connections_total"
            "Connections to RabbitMQ made; more than one a process means that it was lost."
        pool_timeouts() "user_import_pool_timeouts_total"
            "Times that no connection to Postgres came free in time."
        log_lines_lost() "user_import_log_lines_lost_total"
            "Log lines lost because whoever reads them did not keep up."
    }
    gauges {
        http_connections() "user_import_http_connections"
            "Connections of clients, open now."
        tasks_watched() "user_import_tasks_watched"
            "Tasks whose events somebody reads; each is looked at four times a second."
        due_chunks() "user_import_due_chunks"
            "Chunks in Postgres that wait for publication."
        oldest_due_seconds() "user_import_oldest_due_seconds"
            "How long the longest waiting due chunk has been due."
        open_tasks() "user_import_open_tasks"
            "Tasks answered with 200 that have not ended."
        oldest_open_task_seconds() "user_import_oldest_open_task_seconds"
            "How long the longest pending task has been pending."
        queue_ready(queue) "user_import_queue_ready_chunks"
            "Messages ready in a queue, as the broker last said."
        queue_consumers(queue) "user_import_queue_consumers"
            "Consumers of a queue, as the broker last said."
        chunks_in_work() "user_import_chunks_in_work"
            "Chunks that this worker holds a permit for."
        pool_connections(state) "user_import_pool_connections"
            "Connections to Postgres, idle and used."
        pool_waiting() "user_import_pool_waiting"
            "Callers that wait for a connection to Postgres."
        spill_bytes() "user_import_spill_bytes"
            "Bytes of order maps on disk."
    }
    seconds {
        http_seconds(route) "user_import_http_request_seconds"
            "From a request's head to the end of its answer, by route template."
        relay_step_seconds() "user_import_relay_step_seconds"
            "One relay step that had something to do: claim, publish, confirm."
        chunk_seconds(way) "user_import_chunk_seconds"
            "From the fence to the commit of a chunk, by the way it was written."
        task_seconds(status) "user_import_task_seconds"
            "From a task's acceptance to its end."
    }
}
