package dev.weir.gateway.ledger;

import java.util.Optional;

/** Where the state of jobs outlives their gateway: their records, and what is stored beside these. */
record Stores(Ledger ledger, Checkpoints checkpoints, Attachments attachments, Optional<PictureStore> pictures) {}
