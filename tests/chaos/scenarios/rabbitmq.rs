//! What happens to RabbitMQ.

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};

use user_import::amqp::Lane;

use super::{Place, Scenario, USUAL, seconds, sum};
use crate::stage::Stage;

const PRIVATE: Scenario = Scenario { place: Place::Private, accepts: true, ..USUAL };

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "queues-purged",
        does: "both queues are purged every second, for 20 s",
        faults_min: 1,
        is_short: true,
        accepts: true,
        run: |stage| Box::pin(queues_purged(stage)),
        ..USUAL
    },
    Scenario {
        name: "queues-deleted",
        does: "both queues are deleted every 4 s, five times",
        faults_min: 10,
        accepts: true,
        run: |stage| Box::pin(queues_deleted(stage)),
        ..USUAL
    },
    Scenario {
        name: "exchange-deleted",
        does: "the exchange is deleted every 4 s, five times",
        faults_min: 5,
        accepts: true,
        run: |stage| Box::pin(exchange_deleted(stage)),
        ..USUAL
    },
    Scenario {
        name: "bindings-removed",
        does: "both bindings are removed every 4 s, five times",
        faults_min: 10,
        accepts: true,
        run: |stage| Box::pin(bindings_removed(stage)),
        ..USUAL
    },
    Scenario {
        name: "broker-restarted",
        does: "an orderly restart of RabbitMQ, and 10 s",
        run: |stage| Box::pin(broker_restarted(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "broker-killed",
        does: "`kill -9` of RabbitMQ three times, 10 s after it is back",
        faults_min: 3,
        run: |stage| Box::pin(broker_killed(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "broker-away",
        does: "RabbitMQ is away for two minutes",
        completes: false,
        run: |stage| Box::pin(broker_away(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "broker-frozen",
        does: "SIGSTOP of RabbitMQ for 60 s, past every heartbeat",
        completes: false,
        run: |stage| Box::pin(broker_frozen(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "memory-alarm",
        does: "RabbitMQ raises its memory alarm for 25 s",
        completes: false,
        run: |stage| Box::pin(memory_alarm(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "disk-alarm",
        does: "RabbitMQ raises its disk alarm for 25 s",
        completes: false,
        run: |stage| Box::pin(disk_alarm(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "queue-full",
        does: "queues of one message that reject what is published, for 20 s; the limit is lifted while nobody consumes",
        faults_min: 1,
        run: |stage| Box::pin(queue_full(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "connections-closed",
        does: "all connections to RabbitMQ are closed every 2 s, ten times",
        faults_min: 10,
        run: |stage| Box::pin(connections_closed(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "password-revoked",
        does: "the broker's password is changed and connections are closed; given back after 20 s",
        completes: false,
        run: |stage| Box::pin(password_revoked(stage)),
        ..PRIVATE
    },
];

/// Counts the messages that were thrown away.
async fn queues_purged(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    let mut lost = 0;
    for _ in 0..20 {
        lost += broker.purge(&broker.bulk()).await + broker.purge(&broker.express()).await;
        seconds(1).await;
    }
    lost.into()
}

async fn queues_deleted(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    for _ in 0..5 {
        let channel = broker.channel().await;
        for queue in [broker.bulk(), broker.express()] {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        }
        seconds(4).await;
    }
    10
}

async fn exchange_deleted(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    for _ in 0..5 {
        let channel = broker.channel().await;
        let name = broker.names().exchange;
        channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await.unwrap();
        seconds(4).await;
    }
    5
}

async fn bindings_removed(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    for _ in 0..5 {
        broker.unbind(&broker.bulk(), Lane::Bulk).await;
        broker.unbind(&broker.express(), Lane::Express).await;
        seconds(4).await;
    }
    10
}

async fn broker_restarted(stage: &mut Stage) -> u64 {
    stage.ground().stop_rabbitmq().await;
    stage.ground().servers(&["start"]).await;
    seconds(10).await;
    1
}

async fn broker_killed(stage: &mut Stage) -> u64 {
    for _ in 0..3 {
        stage.ground().servers(&["kill", "rabbitmq"]).await;
        stage.ground().servers(&["start"]).await;
        seconds(10).await;
    }
    3
}

async fn broker_away(stage: &mut Stage) -> u64 {
    stage.ground().stop_rabbitmq().await;
    seconds(120).await;
    stage.ground().servers(&["start"]).await;
    1
}

async fn broker_frozen(stage: &mut Stage) -> u64 {
    stage.ground().signal_rabbitmq("STOP");
    seconds(60).await;
    stage.ground().signal_rabbitmq("CONT");
    1
}

/// Counts the alarms that were raised, as the broker itself says.
async fn alarm(stage: &Stage, raise: &[&str], calm: &[&str]) -> u64 {
    let ground = stage.ground();
    ground.ctl(raise).await;
    seconds(25).await;
    let alarms = ground.ctl(&["eval", "length(rabbit_alarm:get_alarms())."]).await;
    ground.ctl(calm).await;
    alarms.trim().parse().unwrap()
}

async fn memory_alarm(stage: &mut Stage) -> u64 {
    let raise = ["set_vm_memory_high_watermark", "absolute", "1MB"];
    alarm(stage, &raise, &["set_vm_memory_high_watermark", "0.4"]).await
}

async fn disk_alarm(stage: &mut Stage) -> u64 {
    let raise = ["set_disk_free_limit", "900GB"];
    alarm(stage, &raise, &["set_disk_free_limit", "50MB"]).await
}

/// Counts the publications that the broker refused.
async fn queue_full(stage: &mut Stage) -> u64 {
    let pattern = format!("^{}", stage.world.broker.prefix);
    let limit = r#"{"max-length": 1, "overflow": "reject-publish"}"#;
    let ground = stage.ground();
    let before = refused(stage).await;
    ground.ctl(&["set_policy", "--apply-to", "queues", "full", &pattern, limit]).await;
    seconds(17).await;
    // Whoever was refused last is not told by the broker that there is room again.
    stage.workers.iter().for_each(|worker| worker.process.freeze());
    seconds(3).await;
    ground.ctl(&["clear_policy", "full"]).await;
    stage.workers.iter().for_each(|worker| worker.process.thaw());
    refused(stage).await - before
}

async fn refused(stage: &Stage) -> u64 {
    sum(stage, &stage.apis, "user_import_relay_chunks_nacked_total").await
}

async fn connections_closed(stage: &mut Stage) -> u64 {
    for _ in 0..10 {
        stage.ground().ctl(&["close_all_connections", "chaos"]).await;
        seconds(2).await;
    }
    10
}

async fn password_revoked(stage: &mut Stage) -> u64 {
    let ground = stage.ground();
    ground.ctl(&["change_password", "guest", "another"]).await;
    ground.ctl(&["close_all_connections", "chaos"]).await;
    seconds(20).await;
    let left = ground.ctl(&["list_connections", "client_properties"]).await;
    let refused = !left.contains(&stage.world.broker.prefix);
    ground.ctl(&["change_password", "guest", "guest"]).await;
    u64::from(refused)
}
