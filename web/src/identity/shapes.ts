/* The shapes of signing in and of one's own account, as the server describes them. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];

export type Factor = Schemas["Factor"];
export type Methods = Schemas["Methods"];
export type PasskeyOptions = Schemas["PasskeyOptions"];
export type ProfileShape = Schemas["ProfileShape"];
/** Exactly one of its fields. */
export type Proof = Partial<Schemas["ProofWish"]>;
export type SignInAnswer = Schemas["SignInAnswer"];
