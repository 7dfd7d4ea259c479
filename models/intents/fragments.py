"""More templates to train on: short ones, as people type them, many for each intent. They spread the vocabulary, which sentences
alone leave narrow. The same notation as phrases.py.
"""

FRAGMENTS = {
    "refund": """
        {refund|money back|reimbursement|chargeback} {please|for <item>|not received|status|order <number>|}
        {return|returning|send back|bring back|give back|take back|exchange|replace|swap} {the|my|this|a} <item>
        {return|exchange} {form|label|slip|period|address|conditions|deadline|window|costs|policy}
        {the|my} <item> {is|was|came|arrived} {torn|ripped|cracked|scratched|dirty|used|dead|ugly|too tight|too short|stained|bent|leaking}
        the <item> {stopped working|fell apart|broke|has a hole|does not turn on|is not as described|looks nothing like the photo|is a fake}
        {wrong|different|incorrect|another} {size|colour|model|article|item} {received|delivered|in the box}
        {it|the <item>} {doesn't fit|does not match|disappointed me|is of poor quality|is not good enough|is useless to me}
        i {expect|demand|deserve|am entitled to|claim|am owed} {my money|the full price|compensation|a refund} {back|}
        {store credit|partial refund|full refund|money returned|credit note}
        {how much|when} will be {refunded|credited|paid back|returned} {to my card|to me|}
        {return|refund} {accepted|rejected|denied|processed|approved|confirmed}
        {it is a gift|my wife hates it|they do not suit me|i bought two by accident}, {return|refund|can i give it back|may i exchange it}
        you {owe|still owe|have to pay} me {money|<money>|a refund}
    """,
    "delivery": """
        {tracking|shipment|parcel|package|delivery|consignment} {<number>|status|update|information|delayed|lost|missing|damaged in transit}
        {courier|driver|postman|carrier|dhl|ups|fedex|hermes} {never came|did not ring|lost it|is late|was rude|left no note}
        {still nothing|nothing came|not here yet|where is it|no delivery|late again|empty mailbox|so slow}
        {shipping|delivery} {to <place>|time|costs|fee|options|abroad|on saturday|next day|worldwide|address|slot}
        {expected|estimated|promised|planned} {arrival|delivery|date|day} {was <when>|passed|changed again|}
        {i am|we are|nobody is} {at home|away|on holiday|not home} {on the delivery day|when the driver comes|}
        {leave|drop|put|place} {the parcel|it|my <item>} {at the door|with the neighbour|in the garage|at the reception}
        {collect|pick up} {the|my} {parcel|<item>|order} {at the post office|at a shop|myself|}
        {arrived|delivered|sent} to the wrong {house|street|person|city|address}
        {one|part|half} of {the order|my items|the boxes} {is|are} {missing|not in the parcel|still on the way}
        {dispatch|send|ship} {it|my <item>|my order} {faster|soon|today|by express|before <when>}
        {on its way|in transit|out for delivery|held at customs|returned to sender|stuck in the warehouse} {for days|since <when>|}
        {when|what day|what time|how soon} {can i expect|should i get|will i receive|will i have|arrives} {my <item>|the order|it}
        {we moved|i moved|new flat}, {different address|send it there|update the shipping address}
    """,
    "login": """
        {password|passcode|passphrase|pin} {forgotten|lost|wrong|not accepted|reset|expired|incorrect|invalid|change}
        {login|log in|sign in|signing in|logging in|log on} {problem|error|impossible|page|loop|failed|not possible|trouble|on <device>}
        {account|profile} {locked|blocked|hacked|suspended|not found|inaccessible|access|recovery|disabled|stolen|compromised}
        {verification|confirmation|security|activation|authentication} {code|link|mail|email|sms} {missing|expired|not received|wrong|never came}
        {username|user name|user id|user|email} {unknown|not recognized|does not exist|forgotten|already taken|rejected}
        {too many|several} {attempts|tries|failed logins}
        {no|lost|without|denied} access to {my account|my profile|the member area|my old mail}
        {two step|2fa|two factor|authenticator|fingerprint|face id|captcha} {problem|does not work|lost|rejected|on a new phone}
        {who|someone else|a stranger|my ex} {knows|has|uses|changed} my {password|account|login}
        {it|the page|the system} {says|claims|tells me} {i do not exist|my details are wrong|unauthorized|session expired|user unknown}
        {create|make|open|register|activate} {an|a new|my} account
        {remember|choose|set|type|enter} {my|a new|the} password
        {kicked|thrown|logged|signed} out {every time|again and again|of my account}
        {link|connect|merge} my {google|apple|old} account
    """,
    "cancel": """
        {cancel|cancelation|cancellation|terminate|termination|quit|discontinue} {subscription|order|plan|membership|contract|please|everything|}
        {stop|end|finish|leave|quit} {the|my|this} {subscription|plan|membership|contract|service|trial|order}
        {no|not} {renewal|renew|longer interested|longer needed|more emails|extension}
        {delete|erase|remove|wipe|destroy} {my|the|all my} {account|profile|data|information|details}
        {unsubscribe|opt out|remove me|take me off the list|stop the newsletter|no more newsletters|stop spamming me}
        {order|purchase} {by mistake|by accident|twice|too many|wrong one}, {cancel|stop it|do not send it|undo}
        {annual|yearly|monthly|free} {plan|subscription|trial} {end|stop|over|cancel|quit}
        {i am|i'm|we are} {leaving|quitting|moving to another provider|out|not continuing}
        {i don't|i do not|we don't} {use|need|want} {it|this|the plan|the service|the membership} {anymore|any more|any longer}
        {cancel|notice|cancellation} {period|button|fee|confirmation|deadline|form|link}
        {let|help} me {cancel|quit|leave|unsubscribe|out of this contract}
        {undo|reverse|revoke|abort|drop} {the|my} {order|purchase|booking|reservation}
        {changed my mind|found it cheaper|do not need it now}, {cancel the order|please stop order <number>|cancel}
        {suspend|pause|interrupt|downgrade} {my plan|the membership|my subscription} {for a month|}
    """,
    "bug": """
        {app|site|website|page|program|software|tool} {crash|crashed|crashing|frozen|slow|broken|down|unusable|laggy|hangs|closes|not loading}
        {error|bug|glitch|defect|failure|crash|exception|fault} {message|report|<number>|on <device>|in the app|in the menu|when saving}
        {button|link|menu|form|list|map|search|cart|video|image|chart|keyboard|calendar} {broken|missing|dead|does not react|frozen|wrong|empty}
        {nothing|something strange|an error} {happens|appears|shows up} when i {click|tap|press|scroll|save|type|search|upload}
        {black|white|blank|grey|empty|frozen} {screen|page|window} {on <device>|after login|at start|}
        {since|after} the {update|upgrade|new version|release} {crash|slow|broken|no sound|no pictures|errors|}
        {page not found|404|500 error|server error|timeout|connection lost|out of memory|null pointer}
        {loading|spinning|waiting} {forever|endlessly|wheel|circle|for minutes}
        {does|do} not {load|open|respond|start|save|scroll|sync|install|play|display|react} {on <device>|anymore|properly|correctly|}
        {sound|audio|picture|video|camera|microphone|bluetooth|sync|notification|dark mode|printing} {does not work|is broken|problem|fails}
        {layout|design|text|font|table} {broken|is a mess|overlaps|unreadable|out of place|cut off} {on <device>|}
        {it|the app} {froze|crashed|quit|stopped|hung|restarted} {again|itself|three times|while typing}
        {reinstalled|restarted|updated|cleared the cache}, {still broken|still crashes|same error|does not help}
        {lost|deleted|vanished|gone|wrong}: my {data|notes|settings|photos} {after a crash|after the update|}
    """,
    "praise": """
        {thanks|thank you|thx|ty|many thanks|cheers|thank you very much|much appreciated|grateful} {!|all|everyone|again|a million|so much|}
        {great|super|awesome|amazing|fantastic|excellent|perfect|brilliant|lovely|wonderful|outstanding|incredible|fabulous} {!|app|work|<item>|team|stuff|}
        {love|loving|like|enjoy|adore|appreciate} {it|this|your app|my <item>|the design|everything|you guys}
        {happy|satisfied|delighted|thrilled|pleased|impressed|glad|excited} {customer|with it|with everything|about my <item>|as always}
        {good|best|nice|friendly|fast|quick|kind|helpful|polite|professional} {service|support|people|quality|help|experience|company|shop}
        {works|fits|looks|feels|runs} {perfectly|great|like new|beautifully|wonderfully|so well|fine now}
        {beautiful|gorgeous|stunning|comfortable|cool|cute|sturdy} {<item>|design|colours|packaging}
        {wow|yay|hurray|bravo|kudos|congratulations|respect|chapeau}
        {will|would} {buy|order|come|shop} {again|back|here again|anytime}
        {ten out of ten|10/10|five stars|top|a+|two thumbs up|first class}
        {better|faster|nicer} than {expected|i thought|ever|others|any other shop}
        {my|the} {wife|husband|kids|son|daughter|mother|family|friends} {loves|love|likes|enjoys} {it|the <item>|this}
        {helped|solved|fixed|answered|explained|handled} {it|everything|my problem} {quickly|in minutes|so well|with patience}
        {you are|you're|they are|he was|she was} {the best|awesome|great|heroes|so nice|amazing|very kind|superb}
        {a pleasure|such joy|what a joy|a delight} {to use|to deal with you|}
    """,
    "billing": """
        {invoice|receipt|bill|statement|billing|payment} {missing|wrong|<number>|please|copy|for taxes|as pdf|question|address|history|error|date}
        {charged|billed|debited|deducted|withdrawn|took} {twice|double|too much|wrongly|again|<money>|without asking}
        {credit card|debit card|card|paypal|bank|visa|mastercard|iban} {declined|rejected|refused|expired|not accepted|change|update|failed}
        {pay|paying|paid|payment} {by card|by invoice|with paypal|later|in rates|monthly|in advance|failed|pending|twice}
        {voucher|coupon|discount|promo code|gift card|rebate} {not working|invalid|expired|missing|not applied|rejected|<number>}
        {vat|tax|taxes|customs duty|fee|fees|surcharge} {number|included|extra|on the invoice|why|wrong}
        {unknown|unauthorized|unexpected|mysterious|hidden} {charge|debit|booking|fee|payment|amount|costs}
        {amount|sum|total|price|balance} {is wrong|too high|differs|does not add up|not correct|on the invoice}
        {reminder|dunning|overdue|collection|late fee} {letter|notice|although i paid|for a paid bill}
        {my|the} {bank|bank account|statement|card} {shows|says|lists} {two payments|a charge of <money>|<money> from you}
        {money|<money>|payment} {taken|transferred|sent|debited} {twice|<when>|but not booked|from my account}
        {upgrade|plan|subscription} {price|costs|cheaper|per year|per month|more expensive}
        {checkout|payment page} {does not take|rejects|refuses} my {card|paypal|voucher|bank}
        {send|mail|give} me {an|the|a} {invoice|receipt|bill|proof of payment}
    """,
    "product": """
        {size|colour|color|material|weight|dimension|length|height|width|capacity|voltage} {of|for} the <item>
        {in stock|available|sold out|restock|back order|pre order|out of stock} {<item>|again|when|}
        {compatible|works|fits} with {<device>|my car|usb|bluetooth|old models|the other <item>}
        {manual|instructions|assembly|guide|datasheet|spare part|warranty|guarantee} {for|of} the <item>
        {which|what} <item> {is better|do you recommend|suits me|is right for me|is the lightest|is the cheapest}
        {is|are} the <item> {waterproof|washable|vegan|organic|heavy|new|loud|dangerous|durable|real leather|dimmable|foldable|adjustable}
        {do you|does it} {have|come in|exist in|offer} {red|blue|black|white|green|yellow|pink|another size|xl|small|kids sizes}
        {how|can i|how do i} {wash|clean|mount|build|assemble|charge|use|connect|open|repair|adjust} {it|the <item>}
        {batteries|cable|adapter|cover|lid|case|remote|screws} {included|sold separately|needed|for the <item>}
        {difference|compare|comparison} between {the two|both|the <item> and the <item>|small and large}
        {looking|searching|interested} {for|in} {a|the|your} <item> {for my son|under <money>|for outdoors|for camping|}
        {suggest|advise|recommend} {a|an|me a} <item> {for winter|for kids|for a small flat|for a big man|}
        {price|cost|offer|sale|discount} {of|for|on} the <item>
        {new|next|latest} {model|version|collection|edition} {of the <item>|coming|when}
        {what|which} {colours|sizes|kinds|brands|functions} {do you have|are there|does it come in|does it have}
    """,
    "human": """
        {human|person|agent|operator|employee|staff|representative|advisor|manager|supervisor|boss} {please|now|!|wanted|needed}
        {talk|speak|chat|write} {to|with} {a human|someone|somebody|staff|an employee|the manager|your boss|a colleague|real people}
        {phone|telephone|hotline|call|callback|ring} {number|me|me back|please|wanted|support|you}
        {not|no} {a bot|a robot|bots|chatbot|machine|automatic answer|automatic replies|computer}
        {real|living|actual|human} {person|human|being|agent|support|contact}
        {contact|reach|call|phone|ring} {customer service|support|the office|your team|you|somebody|headquarters}
        {opening|office|business|service|phone} hours
        {nobody|no one|no human|noone} {answers|replies|picks up|reads this|responds|reacts|calls back|writes back}
        {still|again} {no|waiting for an} {answer|reply|response|reaction} {from you|to my mail|to my ticket|}
        {complaint|complain|escalate|escalation} {to management|to a supervisor|about your service|}
        {stupid|useless|annoying|dumb} {bot|machine|robot|chatbot}
        {connect|transfer|forward|pass|put} {me|us|this} {to|on to|through to} {somebody|a person|the right department|the team|management}
        {someone|somebody|anyone} {call me|answer me|there|real|help me|with a brain|in charge|responsible}
        {live|personal} {chat|support|help|conversation|contact|consultation}
        {arrange|schedule|book} {a call|a phone call|an appointment with an agent}
    """,
    "other": """
        {weather|rain|snow|sunshine|temperature|forecast} {today|tomorrow|in <place>|this week|for <place>|?}
        {joke|poem|story|song|riddle|recipe|quiz|game|movie|film|book} {please|about cats|for me|idea|tip|}
        {football|soccer|tennis|basketball|olympics|election|president|king|war|news} {result|today|winner|update|who|}
        {hello|hi|hey|good morning|good night|good evening|howdy|greetings|welcome|yo} {there|all|friend|bot|you|everybody|}
        {yes|no|ok|okay|sure|fine|right|hm|hmm|lol|haha|never mind|whatever|nothing|maybe|later|bye|goodbye} {then|thanks|}
        {job|jobs|career|vacancy|internship|hiring|application|salary|cv} {at your company|in <place>|open|offer|}
        {flight|hotel|train|taxi|restaurant|table|room|ticket|trip} {to <place>|in <place>|for two|tonight|}
        {calculate|solve|count|multiply|add} {12 and 7|this|3 times 4|two numbers}
        {capital|population|history|language|currency|mayor} of {france|italy|<place>|the world}
        {seo|backlinks|loans|crypto|bitcoin|casino|followers|marketing|web design} {offer|services|cheap|for you|now}
        {homework|maths|physics|essay|exam|school|teacher|university} {help|question|tomorrow|}
        {my|our|the} {dog|cat|bird|horse|baby|uncle|garden|birthday|holiday} {is|was} {great|over|hungry|asleep|small|funny}
        {what|who|where|how old|how tall} {is|are|was} {god|you|einstein|love|the moon|shakespeare|mount everest|your name|the meaning of life}
        {translate|spell|pronounce|define} {hello|cat|this word|good morning} {in french|into german|}
        {cook|bake|eat|drink|sleep|run|dance|sing|read|paint|travel} {with me|pasta|bread|well|every day|in <place>|}
        {i|we} {like|hate|want|see|know} {pizza|trees|music|you|monday|summer|to sleep|to travel}
    """,
}
