import { describe, expect, test } from 'vitest'
import { readBucketPlace } from '../../../src/store/s3/place.ts'

describe('the place of a bucket', () => {
  test.each([
    ['s3://agents', { bucket: 'agents', prefix: '', pathStyle: false }],
    ['s3://agents/', { bucket: 'agents', prefix: '', pathStyle: false }],
    ['s3://agents/long/hand', { bucket: 'agents', prefix: 'long/hand/', pathStyle: false }],
    ['s3://my.agents/a_b-c/', { bucket: 'my.agents', prefix: 'a_b-c/', pathStyle: false }],
    ['s3://agents?region=eu-central-1', { bucket: 'agents', prefix: '', region: 'eu-central-1', pathStyle: false }],
    [
      's3://agents/x?endpoint=http://127.0.0.1:9000&path_style=true',
      { bucket: 'agents', prefix: 'x/', endpoint: 'http://127.0.0.1:9000', pathStyle: true },
    ],
  ])('is read from %s', (text, place) => {
    expect(readBucketPlace(text)).toEqual(place)
  })

  test.each([
    '/srv/blobs',
    's3://',
    's3:/agents',
    's3://ab',
    's3://Agents_1',
    's3://key:secret@agents',
    's3://agents:80',
    's3://agents/a//b',
    's3://agents/../b c',
    's3://agents#x',
    's3://agents?regoin=x',
    's3://agents?path_style=yes',
    's3://agents?endpoint=127.0.0.1:9000',
    's3://agents?endpoint=ftp://a',
    's3://agents?endpoint=http://key:secret@a',
    's3://agents?endpoint=http://a/b',
  ])('is not %s', (text) => {
    expect(readBucketPlace(text)).toBeUndefined()
  })
})
