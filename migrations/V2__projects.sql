-- Projects: the tenants. Each has its keys, its settings, its roles and groups.

CREATE TABLE project (
    -- Short, because every other table carries it in every row and index.
    number      integer      GENERATED ALWAYS AS IDENTITY,
    -- What callers say: the `aud` of a token.
    id          text COLLATE "C" NOT NULL,
    -- Absent members have the defaults that the code documents.
    settings    jsonb        NOT NULL DEFAULT '{}',
    created_at  timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT project_pkey PRIMARY KEY (number),
    CONSTRAINT a_project_id_is_unique UNIQUE (id),
    CONSTRAINT settings_are_an_object CHECK (jsonb_typeof(settings) = 'object')
);

-- Public keys only. The private key is written once, to a file, when it is made.
CREATE TABLE project_key (
    project     integer      NOT NULL REFERENCES project (number),
    kid         text COLLATE "C" NOT NULL,
    public_jwk  jsonb        NOT NULL,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    -- A removed key stays on record and signs nothing any more.
    removed_at  timestamptz,

    CONSTRAINT project_key_pkey PRIMARY KEY (project, kid)
);

CREATE TABLE project_role (
    project     integer      NOT NULL,
    name        text COLLATE "C" NOT NULL,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT project_role_pkey PRIMARY KEY (project, name)
);

CREATE TABLE project_group (
    project     integer      NOT NULL,
    name        text COLLATE "C" NOT NULL,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT project_group_pkey PRIMARY KEY (project, name)
);
