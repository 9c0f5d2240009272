/** What a run of tests has left on the machine. */
export interface Leftover {
  readonly kind: 'process' | 'container' | 'volume' | 'image' | 'mount' | 'folder'
  /** What it is, for whoever has to find the test that made it. */
  readonly what: string
  /** Success where it is gone already. */
  remove(): Promise<void>
}
